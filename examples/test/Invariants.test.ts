import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { Invariants } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { type Mutant, readLists } from "../../scripts/mutants/lists.ts"

const root = resolve(import.meta.dirname, "../..")
const rows = readFileSync(join(root, "docs/invariants.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| +\d/.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", ""))
  )
const mutants = readLists().flatMap((list) => list.mutants)

/** Rows about features that do not exist yet. All other rows need a test and a mutant. */
const later = new Map([[52, "later: cluster"]])

/** A contract suite is part of the library and is run by the tests of each implementation. */
const notices = ({ project, test }: Mutant, path: string): boolean =>
  path.startsWith("packages/testing/src/")
    ? test === "SessionManagerContract"
    : path.startsWith(`packages/${project}/test/`) && path.includes(test)

it("docs/invariants.md has all 56 in order, and names tests and mutants that exist", () => {
  assert.deepStrictEqual(
    rows.map(([number]) => Number(number)),
    Array.from({ length: 56 }, (_, i) => i + 1)
  )
  const wrong = rows.flatMap(([number, , test = "", mutant = ""]) => {
    const reason = later.get(Number(number))
    if (reason !== undefined) return test === reason && mutant === reason ? [] : [`${number}: not ${reason}`]
    const planted = mutants.find(({ guards }) => guards === mutant)
    return [
      ...(test.endsWith(".ts") && existsSync(join(root, test)) ? [] : [`${number}: no test ${test}`]),
      ...(planted === undefined ? [`${number}: no mutant ${mutant}`] : []),
      ...(planted === undefined || notices(planted, test)
        ? []
        : [`${number}: ${test} is not what must notice ${mutant}`])
    ]
  })
  assert.deepStrictEqual(wrong, [])
})

it("the invariants that are functions have the same names as in the table", () => {
  for (const [number, { name }] of Object.entries(Invariants.all))
    assert.strictEqual(rows[Number(number) - 1]?.[1], name)
})
