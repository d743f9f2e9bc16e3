import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { filesBelow } from "./graph.ts"
import type { Mutant } from "./lists.ts"

const root = resolve(import.meta.dirname, "../..")
const path = join(root, "docs/evidence/mutants.json")

/** For each killed mutant, by its name: a hash of its file, its test and its definition at that time. */
type Killed = Readonly<Record<string, string>>

const read = (): Killed => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {})

const importedPaths = /(from|import) ?(\(?)"[^"]+"/g
const docComments = /^ *\/\*\*[^]*?\*\/\n/gm

/** A file's text without what does not change what a mutant tests: the paths of its imports, and its doc comments. */
const text = (file: string): string =>
  readFileSync(join(root, file), "utf8").replaceAll(importedPaths, '$1 $2""').replaceAll(docComments, "")

/** Computes hashes, reading each file once. */
const digests = (): ((mutant: Mutant) => string) => {
  const texts = new Map<string, string>()
  const textOf = (file: string): string => {
    const known = texts.get(file) ?? text(file)
    texts.set(file, known)
    return known
  }
  const files = filesBelow(root, "packages", "examples", "faults")
  return ({ file, find, name, project, replace, says, test }) => {
    const hash = createHash("sha256").update(textOf(file))
    hash.update(JSON.stringify([find, replace, project, test, name, says]))
    for (const candidate of files)
      if (candidate.includes(`${project}/`) && candidate.includes(test)) hash.update(textOf(candidate))
    return hash.digest("hex").slice(0, 16)
  }
}

/** Mutants whose file, test or definition has changed since they were last killed. */
export const changedMutants = (mutants: ReadonlyArray<Mutant>): ReadonlyArray<Mutant> => {
  const killed = read()
  const digest = digests()
  return mutants.filter((mutant) => killed[mutant.guards] !== digest(mutant))
}

/** Records whether a mutant was killed. `known` are the names of all mutants; records of others are removed. */
export const recordVerdict = (mutant: Mutant, isKilled: boolean, known: ReadonlySet<string>): void => {
  const killed = new Map(Object.entries(read()).filter(([guards]) => known.has(guards)))
  if (isKilled) killed.set(mutant.guards, digests()(mutant))
  else killed.delete(mutant.guards)
  const sorted = [...killed].sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
}
