import { existsSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { assert, describe, it } from "vitest"
import { filesBelow } from "../scripts/mutants/graph.ts"
import { readLists } from "../scripts/mutants/lists.ts"

/** The documents that explain the ids of faults, threats and promises list each one that is cited, and name files that exist. */

const root = resolve(import.meta.dirname, "..")
const documents = ["docs/FAULTS.md", "docs/RELIABILITY.md"].map((path) => ({
  path,
  text: readFileSync(join(root, path), "utf8")
}))

/** `M20`, `X07`; promises and goals have no leading zero: `P7`, `G9`. */
const id = /\b(?:[PMSUFCKXG]\d{2}|[PG]\d)\b/g
const idsIn = (text: string): ReadonlyArray<string> => text.match(id) ?? []

/** What the documents list: the first cell of a row, and what a sentence defines in bold type. */
const listedIn = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .flatMap((line) => /^\| (\w+) +\|/.exec(line)?.slice(1) ?? line.match(/(?<=\*\*)[A-Z]\d{1,2}(?=\*\*)/g) ?? [])

/** The ids that a mutant's text means, those of provider faults apart from those of promises. */
const named = (text: string): ReadonlyArray<string> => [
  ...idsIn(text),
  ...Array.from(text.matchAll(/\bB\.1 (\w+)/g), ([, fault = ""]) => `B.1 ${fault}`)
]

/** The titles of tests and suites, and texts that are nothing but an id, as the rows and cases of the catalogue have them. */
const titles = /\b(?:describe|it|suite)(?:\.\w+)*\(\s*(?:"([^"\n]*)"|`([^`\n]*)`)|"([A-Z]\d{1,2})"/g
const citedIn = (source: string): ReadonlyArray<string> =>
  Array.from(source.matchAll(titles), ([, text, template, alone]) => text ?? template ?? alone ?? "").flatMap(idsIn)

const tests = filesBelow(root, "faults", "examples", "packages")
  .map((name) => join(root, name))
  .filter((path) => !/\/packages\/[^/]+\/(?:src|dist)\//.test(path) || path.includes("/testing/src/"))

/** A file of the repository as a document names it: from the root, or from `packages`. */
const files = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|json|md))`/g), ([, path = ""]) => path)
const links = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/\]\((?!https?:)([^)#]+)/g), ([, path = ""]) => path)

const faults = documents[0]?.text ?? ""
const promises = documents[1]?.text ?? ""
const listed = new Set([
  ...documents.flatMap(({ text }) => listedIn(text)),
  ...listedIn(faults).map((name) => `B.1 ${name}`)
])

describe("the fault catalogue", () => {
  it("lists the ids in order, each once", () => {
    const rows = listedIn(faults).filter((name) => name.length === 3)
    assert.isAtLeast(rows.length, 167)
    const sorted = ["P", "M", "S", "U", "F", "C", "K", "X"].flatMap((letter) =>
      rows.filter((name) => name.startsWith(letter)).map((_, i) => letter + String(i + 1).padStart(2, "0"))
    )
    assert.deepStrictEqual(rows, sorted)
    assert.deepStrictEqual(
      listedIn(promises).filter((name) => name.startsWith("P")),
      Array.from({ length: 13 }, (_, i) => `P${i + 1}`)
    )
  })

  it("lists each id that the title of a test cites", () => {
    assert.include(citedIn('  row("M20", "over HTTP")'), "M20")
    assert.include(citedIn('it.effect("F02, X19: links", () => {})'), "X19")
    const unknown = tests.flatMap((path) =>
      citedIn(readFileSync(path, "utf8"))
        .filter((name) => !listed.has(name))
        .map((name) => `${relative(root, path)}: ${name}`)
    )
    assert.deepStrictEqual(unknown, [])
  })

  it("lists each id that a mutant cites", () => {
    const unknown = readLists().flatMap(({ mutants }) =>
      mutants.flatMap(({ guards, name = "" }) =>
        named(`${guards} ${name}`)
          .filter((one) => !listed.has(one))
          .map((one) => `${guards}: ${one}`)
      )
    )
    assert.deepStrictEqual(unknown, [])
  })

  it("names files that exist", () => {
    for (const { path, text } of documents) {
      const missing = [
        ...files(text).filter((file) => !existsSync(join(root, file)) && !existsSync(join(root, "packages", file))),
        ...links(text).filter((link) => !existsSync(join(root, dirname(path), link)))
      ]
      assert.deepStrictEqual(missing, [], path)
    }
    assert.include(files(faults), "faults/provider/retry.ts")
  })

  it("says so where a row has no test, and then no test cites its id", () => {
    const cited = new Set(tests.flatMap((path) => citedIn(readFileSync(path, "utf8"))))
    const rows = faults.split("\n").flatMap((line) => {
      const [, name = "", , , where = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
      return /^[A-Z]\d\d$/.test(name) ? [{ name, where }] : []
    })
    const wrong = rows.filter(
      ({ name, where }) => files(where).length === 0 && (cited.has(name) || !/not (?:tested|built)/.test(where))
    )
    assert.deepStrictEqual(wrong, [])
  })
})
