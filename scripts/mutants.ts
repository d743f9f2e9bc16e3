// Plants each bug of mutants/*.json in a copy of the packages and runs the tests that must notice.
// usage: pnpm mutants [--record] [text in "guards" or "file"]...
// With --record a mutant that does not say what its test must say gets the name of the test that failed.
import { spawn } from "node:child_process"
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

export interface Mutant {
  readonly guards: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly project: string
  /** The test file that must notice by itself; any test of the project when absent. */
  readonly test?: string
  /** The test within the file, by its name. */
  readonly name?: string
  /** What the test must say: that it noticed this very thing, and not a consequence. */
  readonly says?: string
}

const root = resolve(import.meta.dirname, "..")
const copied = [
  "packages",
  "examples",
  "faults",
  "scripts",
  "README.md",
  "package.json",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "tsconfig.base.json",
  "vitest.workspace.ts"
]

/** A tree of its own: the packages are copied, what they depend on is shared. */
const workspace = async () => {
  const dir = await mkdtemp(join(tmpdir(), "parley-mutants-"))
  for (const name of copied) await cp(join(root, name), join(dir, name), { recursive: true, verbatimSymlinks: true })
  await symlink(join(root, "node_modules"), join(dir, "node_modules"))
  return dir
}

/** Runs tests as CI does: with as many runs of each property. */
const test = (dir: string, project: string, only: ReadonlyArray<string>) =>
  new Promise<{ readonly failed: boolean; readonly output: string }>((done) => {
    const child = spawn(
      process.execPath,
      [
        "node_modules/vitest/vitest.mjs",
        "run",
        "--config",
        "vitest.workspace.ts",
        "--project",
        project,
        "--bail",
        "1",
        ...only
      ],
      { cwd: dir, env: { ...process.env, NO_COLOR: "1" } }
    )
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)))
    child.on("close", (code) => done({ failed: code !== 0, output }))
  })

/** The failing test and the smallest input that fails it, as the test run printed them. */
const reason = (output: string): string =>
  output
    .split("\n")
    .filter((line) => /FAIL|Counterexample|counterexample|Property fail|AssertionError|shrunk/i.test(line))
    .slice(0, 4)
    .map((line) => `    ${line.trim().slice(0, 220)}`)
    .join("\n")

const paths = (await readdir(join(root, "mutants")))
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => join(root, "mutants", name))
const lists: ReadonlyArray<{ readonly path: string; readonly mutants: Array<Mutant> }> = await Promise.all(
  paths.map(async (path) => ({ path, mutants: JSON.parse(await readFile(path, "utf8")) }))
)
const mutants = lists.flatMap(({ mutants }) => mutants)

/** Writes down what the test of a mutant said. */
const record = async (mutant: Mutant, says: string): Promise<void> => {
  const list = lists.find(({ mutants }) => mutants.includes(mutant))
  if (list === undefined) return
  list.mutants[list.mutants.indexOf(mutant)] = { ...mutant, says }
  await writeFile(list.path, `${JSON.stringify(list.mutants, null, 2)}\n`)
}

/** The name of the first test that failed, without the groups around it. */
const failedTest = (output: string): string | undefined => /^ *FAIL .* > (.+)$/m.exec(output)?.[1]?.trim().slice(0, 80)

const args = process.argv.slice(2)
const isRecording = args.includes("--record")
const wanted = args.filter((arg) => arg !== "--record")
const dir = await workspace()
const chosen = mutants.filter(
  ({ file, guards }) => wanted.length === 0 || wanted.some((text) => `${guards} ${file}`.includes(text))
)

/** The test files that the chosen mutants of a project name; all of them when one names none. */
const filesOf = (project: string): ReadonlyArray<string> => {
  const files = new Set(chosen.filter((mutant) => mutant.project === project).map(({ test }) => test))
  return files.has(undefined) ? [] : [...files].filter((file) => file !== undefined)
}
const restriction = ({ name, test }: Mutant): ReadonlyArray<string> => [
  ...(test === undefined ? [] : [test]),
  ...(name === undefined ? [] : ["--testNamePattern", name])
]
let survived = 0
let killed = 0
try {
  // The control: tests that fail without a bug would notice every bug.
  for (const project of new Set(chosen.map((mutant) => mutant.project))) {
    const { failed, output } = await test(dir, project, filesOf(project))
    if (!failed) continue
    console.log(`The tests of ${project} fail without a mutant:\n${output}`)
    process.exit(1)
  }
  for (const mutant of chosen) {
    const path = join(dir, mutant.file)
    const source = await readFile(path, "utf8")
    if (source.split(mutant.find).length !== 2) {
      survived++
      console.log(`STALE     ${mutant.guards}\n    ${mutant.file} does not hold its text exactly once`)
      continue
    }
    await writeFile(
      path,
      source.replace(mutant.find, () => mutant.replace)
    )
    const started = performance.now()
    const { failed, output } = await test(dir, mutant.project, restriction(mutant))
    await writeFile(path, source)
    // A mutant that is no program fails every test and proves nothing.
    const runs = !/SyntaxError|ReferenceError|Transform failed|PARSE_ERROR|No test files found/.test(output)
    // A test that only ran out of time may have done so for any reason, unless that is what it must say.
    const late = /Test timed out|TestTimeoutError|Hook timed out/.test(output)
    const noticed = failed && runs && (mutant.says === undefined ? !late : output.includes(mutant.says))
    const says = failedTest(output)
    if (noticed && isRecording && mutant.says === undefined && says !== undefined) await record(mutant, says)
    if (noticed) killed++
    else survived++
    const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`
    const why = !runs
      ? "    it is no program, or has no test\n"
      : failed && !noticed
        ? `    the test ${mutant.says === undefined ? "ran out of time" : `does not say ${JSON.stringify(mutant.says)}`}\n`
        : ""
    console.log(`${noticed ? "killed   " : "SURVIVED "} ${mutant.guards} (${seconds})`)
    console.log(`${why}${failed ? reason(output) : `    ${mutant.file}`}`)
  }
} finally {
  await rm(dir, { recursive: true, force: true })
}
console.log(`${killed} killed, ${survived} survived`)
process.exitCode = survived === 0 ? 0 : 1
