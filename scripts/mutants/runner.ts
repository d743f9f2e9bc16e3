import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import type { Mutant } from "./lists.ts"
import type { TestRequest, TestResult } from "./tests.ts"

const root = resolve(import.meta.dirname, "../..")
const copied = [
  "packages",
  "examples",
  "faults",
  "scripts",
  "README.md",
  "docs",
  "package.json",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "tsconfig.base.json",
  "vitest.workspace.ts"
]

/** Time limits in milliseconds for the tests of a mutant, which may never end, and for the tests without a mutant. */
const patience = { mutant: 180_000, control: 1_800_000 }

export type Ran = TestResult | "ran out of time"

/** A separate copy of the packages. Their dependencies are shared. */
export class Runner {
  private readonly dir: string
  private child: ChildProcess | undefined
  /** The file of the previous mutant. The test process has that version cached until it is told about the change. */
  private before: string | undefined

  private constructor(dir: string) {
    this.dir = dir
  }

  static async make(): Promise<Runner> {
    const dir = await mkdtemp(join(tmpdir(), "parley-mutants-"))
    for (const name of copied) await cp(join(root, name), join(dir, name), { recursive: true, verbatimSymlinks: true })
    await symlink(join(root, "node_modules"), join(dir, "node_modules"))
    return new Runner(dir)
  }

  /** Runs tests as CI does, with the same number of runs for each property. */
  tests(request: TestRequest): Promise<Ran> {
    this.child ??= fork(join(this.dir, "scripts/mutants/tests.ts"), {
      cwd: this.dir,
      detached: true,
      // A cache on disk could store the restored file under the key of the file with the mutant.
      env: { ...process.env, NO_COLOR: "1", VITEST_FS_MODULE_CACHE: "false" },
      stdio: ["ignore", "ignore", "ignore", "ipc"]
    })
    const child = this.child
    const answered = new AbortController()
    const { signal } = answered
    const result = once(child, "message", { signal }).then(([told]): Ran => told)
    const ended = once(child, "exit", { signal }).then((): Ran => {
      this.child = undefined
      return { ran: 0, failures: [{ file: "", test: "", text: "the test runner ended" }] }
    })
    const late = sleep(request.all === true ? patience.control : patience.mutant, undefined, { signal }).then(
      (): Ran => {
        this.stop()
        return "ran out of time"
      }
    )
    child.send(request)
    return Promise.race([result, ended, late]).finally(() => answered.abort())
  }

  /** Plants the mutant, runs tests, and restores the file. Returns `stale` if its text does not occur exactly once. */
  async plant(mutant: Pick<Mutant, "file" | "find" | "replace">, request: TestRequest): Promise<Ran | "stale"> {
    const path = join(this.dir, mutant.file)
    const source = await readFile(path, "utf8")
    if (source.split(mutant.find).length !== 2) return "stale"
    await writeFile(
      path,
      source.replace(mutant.find, () => mutant.replace)
    )
    const changed = this.before === undefined || this.before === path ? [path] : [this.before, path]
    this.before = path
    const ran = await this.tests({ ...request, changed })
    await writeFile(path, source)
    return ran
  }

  /** Ends the test processes. */
  private stop(): void {
    const { child } = this
    this.child = undefined
    if (child?.pid === undefined) return
    try {
      process.kill(-child.pid, "SIGKILL")
    } catch {
      // It has ended.
    }
  }

  async close(): Promise<void> {
    this.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
