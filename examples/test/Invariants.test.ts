import { existsSync, readFileSync } from "node:fs"
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
const open = new Set(["missing", "later: cluster"])

it("docs/invariants.md has all 52 in order, and names tests and mutants that exist", () => {
  assert.deepStrictEqual(
    rows.map(([number]) => Number(number)),
    Array.from({ length: 52 }, (_, i) => i + 1)
  )
  const mutants: ReadonlyArray<{ readonly guards: string }> = JSON.parse(
    readFileSync(join(root, "mutants/list.json"), "utf8")
  )
  const guards = new Set(mutants.map((mutant) => mutant.guards))
  const wrong = rows.flatMap(([number, , test = "", mutant = ""]) => [
    ...(open.has(test) || existsSync(join(root, test)) ? [] : [`${number}: no test ${test}`]),
    ...(open.has(mutant) || guards.has(mutant) ? [] : [`${number}: no mutant ${mutant}`])
  ])
  assert.deepStrictEqual(wrong, [])
})

it("the invariants that are functions have the names of the table", () => {
  for (const [number, { name }] of Object.entries(Invariants.all))
    assert.strictEqual(rows[Number(number) - 1]?.[1], name)
})
