import { existsSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { assert, describe, it } from "vitest"
import { candidatesOf } from "../scripts/mutants/candidates.ts"
import { filesBelow } from "../scripts/mutants/graph.ts"
import { readLists } from "../scripts/mutants/lists.ts"

/** Checks the lists of mutants: each mutant must still apply, and name a test that exists. See `scripts/mutants`. */

const root = resolve(import.meta.dirname, "..")

const mutants = readLists().flatMap(({ mutants: planted, path }) =>
  planted.map((mutant) => Object.assign({ list: relative(root, path) }, mutant))
)
const sources = new Map<string, string>()
const sourceOf = (file: string): string => {
  const known = sources.get(file) ?? (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "")
  sources.set(file, known)
  return known
}
const directoryOf = (project: string): string =>
  ["examples", "faults"].includes(project) ? join(root, project) : join(root, "packages", project)
const testsBelow = (directory: string): ReadonlyArray<string> =>
  filesBelow(root, relative(root, directory)).filter((name) => name.endsWith(".test.ts"))

/** Files without logic in which the generator finds candidates: program starts, schemas, and sizes of generated programs. */
const withoutLogic = new Set([
  "packages/cli/src/main.ts",
  "packages/domain/src/RequestSize.ts",
  "packages/domain/src/SessionContext.ts",
  "packages/testing/src/programs/InboxPrograms.ts",
  "packages/testing/src/programs/Programs.ts"
])

describe("the lists of mutants", () => {
  it("each text occurs exactly once in its file and is changed, and each mutant is listed once per test", () => {
    const seen = new Set<string>()
    const wrong = mutants.flatMap(({ file, find, guards, list, project, replace, test }) => {
      const key = JSON.stringify([file, find, replace, project, test])
      const again = seen.has(key)
      seen.add(key)
      const times = sourceOf(file).split(find).length - 1
      return times === 1 && find !== replace && !again
        ? []
        : [`${list}: ${guards}: ${again ? "twice for one test" : `${times} times in ${file}`}`]
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("each mutant has a unique name", () => {
    const names = mutants.map(({ guards }) => guards)
    assert.deepStrictEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      []
    )
  })

  it("each mutant is listed beside the tests that must detect it", () => {
    const wrong = mutants.filter(
      ({ list, project }) => !list.startsWith(`${relative(root, directoryOf(project))}/`) || !list.includes("mutants/")
    )
    assert.deepStrictEqual(
      wrong.map(({ guards }) => guards),
      []
    )
  })

  it("each mutant names the test file that must detect it, and that file exists", () => {
    const files = new Map<string, ReadonlyArray<string>>()
    const wrong = mutants.flatMap(({ guards, list, project, test }) => {
      const known = files.get(project) ?? testsBelow(directoryOf(project))
      files.set(project, known)
      return test !== undefined && known.some((name) => name.includes(test))
        ? []
        : [`${list}: ${guards}: no test file of ${project} is called ${test}`]
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("every source file with logic has a mutant", () => {
    const sources = filesBelow(root, "packages").filter((file) => /^packages\/(?!harness\/)[^/]+\/src\//.test(file))
    const planted = new Set(mutants.map(({ file }) => file))
    const without = sources.filter(
      (file) => !planted.has(file) && !withoutLogic.has(file) && candidatesOf(file, sourceOf(file)).length > 0
    )
    assert.deepStrictEqual(without, [])
  })

  it("each new mutant names the expected failure, and the number of old ones without it only decreases", () => {
    const without = mutants.filter(({ says }) => says === undefined)
    assert.isAtMost(without.length, 466)
  })
})
