import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

/** A bug to plant, and the test that must notice it. */
export interface Mutant {
  /** The guarantee that the bug breaks, in words; unique. */
  readonly guards: string
  readonly file: string
  /** Stands exactly once in the file. */
  readonly find: string
  readonly replace: string
  readonly project: string
  /** The test file that must notice by itself. */
  readonly test: string
  /** The test within the file, by its name. */
  readonly name?: string
  /** What the test must say: that it noticed this very bug, and not a consequence. */
  readonly says?: string
}

export interface MutantList {
  readonly path: string
  readonly mutants: ReadonlyArray<Mutant>
}

const directory = resolve(import.meta.dirname, "../../mutants")

/** All lists, by name. */
export const readLists = (): ReadonlyArray<MutantList> =>
  readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(directory, name))
    .map((path) => ({ path, mutants: JSON.parse(readFileSync(path, "utf8")) }))

const write = (path: string, mutants: ReadonlyArray<Mutant>): void =>
  writeFileSync(path, `${JSON.stringify(mutants, null, 2)}\n`)

/** Stores what the tests of mutants said; the key is a mutant's `guards`. */
export const recordSays = (says: ReadonlyMap<string, string>): void => {
  for (const { mutants, path } of readLists()) {
    if (!mutants.some(({ guards }) => says.has(guards))) continue
    const told = mutants.map((mutant) => {
      const said = says.get(mutant.guards)
      return said === undefined ? mutant : Object.assign({}, mutant, { says: said })
    })
    write(path, told)
  }
}

/** Adds mutants to a list, which is made when there is none. */
export const addMutants = (name: string, added: ReadonlyArray<Mutant>): void => {
  const path = join(directory, `${name}.json`)
  const known = readLists().find((list) => list.path === path)?.mutants ?? []
  write(path, [...known, ...added])
}
