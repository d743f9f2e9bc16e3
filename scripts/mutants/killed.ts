import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { filesBelow } from "./graph.ts"
import type { Mutant } from "./lists.ts"

const root = resolve(import.meta.dirname, "../..")
const path = join(root, "docs/evidence/mutants.json")

/** For each source file, what it was, with its mutants and their tests, when all of them were killed. */
type Killed = Readonly<Record<string, string>>

const read = (): Killed => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {})

const byFile = (mutants: ReadonlyArray<Mutant>): ReadonlyMap<string, ReadonlyArray<Mutant>> =>
  Map.groupBy(mutants, ({ file }) => file)

const digest = (file: string, mutants: ReadonlyArray<Mutant>): string => {
  const hash = createHash("sha256").update(readFileSync(join(root, file)))
  for (const { find, name, project, replace, says, test } of mutants)
    hash.update(JSON.stringify([find, replace, project, test, name, says]))
  const tests = filesBelow(root, "packages", "examples", "faults").filter((candidate) =>
    mutants.some(({ project, test }) => candidate.includes(`${project}/`) && candidate.includes(test))
  )
  for (const test of tests) hash.update(readFileSync(join(root, test)))
  return hash.digest("hex").slice(0, 16)
}

/** Source files that are not as they were when their mutants were last killed. */
export const changedFiles = (mutants: ReadonlyArray<Mutant>): ReadonlySet<string> => {
  const killed = read()
  return new Set([...byFile(mutants)].filter(([file, of]) => killed[file] !== digest(file, of)).map(([file]) => file))
}

/** Notes the files all of whose mutants were run and killed. */
export const recordKilled = (
  mutants: ReadonlyArray<Mutant>,
  run: ReadonlyArray<Mutant>,
  survivors: ReadonlyArray<Mutant>
): void => {
  const guards = new Set(run.map((mutant) => mutant.guards))
  const alive = new Set(survivors.map(({ file }) => file))
  const entries = Object.entries(read()).filter(([file]) => mutants.some((mutant) => mutant.file === file))
  const killed = new Map(entries)
  for (const [file, of] of byFile(mutants)) {
    if (alive.has(file)) killed.delete(file)
    else if (of.every((mutant) => guards.has(mutant.guards))) killed.set(file, digest(file, of))
  }
  const sorted = [...killed].sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
}
