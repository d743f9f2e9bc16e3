import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

/** A small bug to plant, and the test that must detect it. */
export interface Mutant {
  /** A description of the guarantee that the bug breaks; unique. */
  readonly guards: string
  readonly file: string
  /** The text to replace. It must occur exactly once in the file. */
  readonly find: string
  readonly replace: string
  readonly project: string
  /** The test file that must detect the bug without the help of others. */
  readonly test: string
  /** The test within the file, by its name. */
  readonly name?: string
  /** A part of the expected failure. It shows that the test detected this bug and not some other consequence. */
  readonly says?: string
}

export interface MutantList {
  readonly path: string
  readonly mutants: ReadonlyArray<Mutant>
}

const root = resolve(import.meta.dirname, "../..")

/** The directory of the lists whose mutants the tests of a project must detect. */
const directoryOf = (project: string): string =>
  project === "faults"
    ? join(root, "faults/mutants")
    : join(root, project === "examples" ? "examples" : join("packages", project), "test/mutants")

const projects = (): ReadonlyArray<string> => ["examples", "faults", ...readdirSync(join(root, "packages")).sort()]

/** All lists. Each is beside the tests that must detect its mutants. */
export const readLists = (): ReadonlyArray<MutantList> =>
  projects()
    .map(directoryOf)
    .filter((directory) => existsSync(directory))
    .flatMap((directory) =>
      readdirSync(directory)
        .sort()
        .map((name) => join(directory, name))
    )
    .map((path) => ({ path, mutants: JSON.parse(readFileSync(path, "utf8")) }))

const write = (path: string, mutants: ReadonlyArray<Mutant>): void =>
  writeFileSync(path, `${JSON.stringify(mutants, null, 2)}\n`)

/** Stores the expected failure of a mutant; `guards` is the mutant's name. */
export const recordSays = (guards: string, says: string): void => {
  const list = readLists().find(({ mutants }) => mutants.some((mutant) => mutant.guards === guards))
  if (list === undefined) return
  write(
    list.path,
    list.mutants.map((mutant) => (mutant.guards === guards ? Object.assign({}, mutant, { says }) : mutant))
  )
}

/** Adds mutants to the list with this name in each of their projects, and creates the lists if necessary. */
export const addMutants = (name: string, added: ReadonlyArray<Mutant>): void => {
  for (const [project, mutants] of Map.groupBy(added, (mutant) => mutant.project)) {
    const path = join(directoryOf(project), `${name}.json`)
    const known = readLists().find((list) => list.path === path)?.mutants ?? []
    mkdirSync(directoryOf(project), { recursive: true })
    write(path, [...known, ...mutants])
  }
}
