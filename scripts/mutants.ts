// Plants each bug of mutants/list.json in a copy of the packages and runs the tests that must notice.
// usage: pnpm mutants [text in "guards" or "file"]
import { spawn } from "node:child_process"
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

interface Mutant {
  readonly guards: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly project: string
  /** The test file that must notice by itself; any test of the project when absent. */
  readonly test?: string
}

const root = resolve(import.meta.dirname, "..")
const copied = [
  "packages",
  "examples",
  "faults",
  "scripts",
  "README.md",
  "package.json",
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

const test = (dir: string, project: string, only: ReadonlyArray<string> = []) =>
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

const mutants: ReadonlyArray<Mutant> = JSON.parse(await readFile(join(root, "mutants/list.json"), "utf8"))
const wanted = process.argv[2] ?? ""
const dir = await workspace()
const chosen = mutants.filter(({ file, guards }) => `${guards} ${file}`.includes(wanted))
let survived = 0
let killed = 0
try {
  // The control: tests that fail without a bug would notice every bug.
  for (const project of new Set(chosen.map((mutant) => mutant.project))) {
    const { failed, output } = await test(dir, project)
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
    const { failed, output } = await test(dir, mutant.project, mutant.test === undefined ? [] : [mutant.test])
    await writeFile(path, source)
    if (failed) killed++
    else survived++
    console.log(
      `${failed ? "killed   " : "SURVIVED "} ${mutant.guards}\n${failed ? reason(output) : `    ${mutant.file}`}`
    )
  }
} finally {
  await rm(dir, { recursive: true, force: true })
}
console.log(`${killed} killed, ${survived} survived`)
process.exitCode = survived === 0 ? 0 : 1
