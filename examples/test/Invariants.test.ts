import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join, resolve } from "node:path"
import { Invariants } from "@parley/testing"
import { assert, it } from "@effect/vitest"

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
interface Mutant {
  readonly guards: string
  readonly file: string
  readonly find: string
  readonly project: string
  readonly test?: string
}
const mutants: ReadonlyArray<Mutant> = readdirSync(join(root, "mutants")).flatMap((name) =>
  JSON.parse(readFileSync(join(root, "mutants", name), "utf8"))
)

/** Rows about features that are not there yet. Nothing else may be without a test or a mutant. */
const later = new Map([[52, "later: cluster"]])

/** A contract's suite lies beside the library and is run by the tests of whoever implements it. */
const notices = ({ project, test = "" }: Mutant, path: string): boolean =>
  path.startsWith("packages/testing/src/")
    ? test === "SessionManagerContract"
    : path.startsWith(`packages/${project}/test/`) && path.includes(test)

it("docs/invariants.md has all 53 in order, and names tests and mutants that exist", () => {
  assert.deepStrictEqual(
    rows.map(([number]) => Number(number)),
    Array.from({ length: 53 }, (_, i) => i + 1)
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

it("the invariants that are functions have the names of the table", () => {
  for (const [number, { name }] of Object.entries(Invariants.all))
    assert.strictEqual(rows[Number(number) - 1]?.[1], name)
})
