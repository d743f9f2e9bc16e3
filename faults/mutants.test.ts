import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { assert, describe, it } from "vitest"
import { candidatesOf } from "../scripts/mutants/candidates.ts"
import { filesBelow } from "../scripts/mutants/graph.ts"
import type { Mutant } from "../scripts/mutants/lists.ts"

/** Planted bugs are code, too: each must still be one, and name a test that is there. See `scripts/mutants`. */

const root = resolve(import.meta.dirname, "..")

const mutants = readdirSync(join(root, "mutants")).flatMap((list) => {
  const planted: ReadonlyArray<Mutant> = JSON.parse(readFileSync(join(root, "mutants", list), "utf8"))
  return planted.map((mutant) => Object.assign({ list }, mutant))
})
const sources = new Map<string, string>()
const sourceOf = (file: string): string => {
  const known = sources.get(file) ?? (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "")
  sources.set(file, known)
  return known
}
const directoryOf = (project: string): string =>
  ["examples", "faults"].includes(project) ? join(root, project) : join(root, "packages", project)
const testsBelow = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.includes("node_modules"))
    .map((name) => relative(root, join(directory, name)))

/** What the generator takes for logic and is none: the start of a program, schemas, and the sizes of generated programs. */
const withoutLogic = new Set([
  "packages/cli/src/main.ts",
  "packages/domain/src/RequestSize.ts",
  "packages/domain/src/SessionContext.ts",
  "packages/testing/src/Programs.ts"
])

describe("the lists of planted bugs", () => {
  it("each stands exactly once in its file, changes it, and is planted once for each test that must notice", () => {
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

  it("each has a name of its own", () => {
    const names = mutants.map(({ guards }) => guards)
    assert.deepStrictEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      []
    )
  })

  it("each names the test file that must notice, which exists", () => {
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

  it("every source file with logic has one", () => {
    const sources = filesBelow(root, "packages").filter((file) => /^packages\/[^/]+\/src\//.test(file))
    const planted = new Set(mutants.map(({ file }) => file))
    const without = sources.filter(
      (file) => !planted.has(file) && !withoutLogic.has(file) && candidatesOf(file, sourceOf(file)).length > 0
    )
    assert.deepStrictEqual(without, [])
  })

  it("each new one says what the test must say; how many old ones do not only falls", () => {
    const without = mutants.filter(({ says }) => says === undefined)
    assert.isAtMost(without.length, 603)
  })
})
