import { spawn } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process, { env as inherited } from "node:process"
import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { theCommand } from "../../packages/harness/src/command/command.ts"
import { apiKey, type Home, home } from "../../packages/harness/src/sessions/home.ts"

const { cache, parley: main } = theCommand()
const life = join(import.meta.dirname, "life.ts")

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly millis: number
}

export interface How {
  /** The URL of the Messages API. Without it, only the demo model is available. */
  readonly url?: string
  /** A command under which the process runs: `strace`, `setpriv`, or a shell that sets limits. */
  readonly under?: ReadonlyArray<string>
  readonly input?: string
}

/** A user's home as the command finds it. Its database is that of the `Home`. */
export interface Machine extends Home {
  readonly database: string
  readonly workspace: string
  readonly start: (args: ReadonlyArray<string>, how?: How) => Started
  readonly parley: (args: ReadonlyArray<string>, how?: How) => Effect.Effect<Ended>
  /** Runs a process with an engine, which handles the messages one after the other: see `life.ts`. */
  readonly live: (messages: ReadonlyArray<string>, how: How & { readonly sessionId?: string }) => Effect.Effect<Ended>
}

export interface Started {
  readonly child: ReturnType<typeof spawn>
  readonly ended: Effect.Effect<Ended>
  /** Its output so far. */
  readonly stdout: () => string
}

const launch = (cwd: string, command: ReadonlyArray<string>, env: NodeJS.ProcessEnv, input = ""): Started => {
  const began = performance.now()
  const [file = "", ...args] = command
  const child = spawn(file, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (data: string) => (stdout += data))
  child.stderr.setEncoding("utf8").on("data", (data: string) => (stderr += data))
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  let result: Ended | undefined
  child.on("close", (code, signal) => {
    result = { code, signal, stdout, stderr, millis: performance.now() - began }
  })
  const ended = Effect.callback<Ended>((resume) => {
    const done = () => {
      if (result !== undefined) resume(Effect.succeed(result))
    }
    if (result === undefined) child.once("close", done)
    else done()
  })
  return { child, ended, stdout: () => stdout }
}

export const machine = Effect.map(home, ({ root }): Machine => {
  const data = join(root, "home/.local/share/parley")
  const workspace = join(root, "ws")
  const database = join(data, "parley.db")
  for (const path of [join(root, "home/.config/parley"), workspace]) mkdirSync(path, { recursive: true })
  // Another user must be able to reach the database file.
  chmodSync(root, 0o755)
  writeFileSync(join(root, "home/.config/parley/config.json"), "{}", { mode: 0o644 })
  const env = (url?: string) => ({
    PATH: inherited["PATH"],
    NODE_COMPILE_CACHE: cache,
    HOME: join(root, "home"),
    ...(url === undefined ? {} : { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_BASE_URL: url })
  })
  const model = (args: ReadonlyArray<string>, url?: string) =>
    args[0] === "run" ? [...args, "--model", url === undefined ? "demo/demo" : "anthropic/fake"] : args
  const start: Machine["start"] = (args, { input, under = [], url } = {}) =>
    launch(workspace, [...under, process.execPath, main, ...model(args, url)], env(url), input)
  return {
    root,
    data,
    scratch: join(root, "scratch"),
    database,
    workspace,
    start,
    parley: (args, how) => Effect.suspend(() => start(args, how).ended),
    live: (messages, { sessionId = "", under = [], url = "" }) =>
      Effect.suspend(
        () => launch(workspace, [...under, process.execPath, life, data, url, sessionId, ...messages], env(url)).ended
      )
  }
})

/** Asserts that a process wrote no stack traces or internal errors. */
export const calm = (ended: Ended): void => {
  assert.notMatch(ended.stderr, /^\s+at |internal error|Error: /m)
  assert.isNull(ended.signal, ended.stderr)
}

/** Asserts a failure of the storage: exit code 5, and a message with the path and matching `words`. */
export const refused = (ended: Ended, path: string, words: RegExp): void => {
  calm(ended)
  assert.strictEqual(ended.code, 5, ended.stderr)
  assert.include(ended.stderr, path)
  assert.match(ended.stderr, words)
}

/** The id that `run` prints. */
export const sessionOf = ({ stderr }: Ended): string => /session (ses_\w+)/.exec(stderr)?.[1] ?? assert.fail(stderr)

/** The contents of a directory, to check that they do not change. The WAL index and an empty WAL are ignored. */
export const bytes = (directory: string): { readonly [name: string]: string } =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => !name.endsWith("-shm"))
      .filter((name) => !name.endsWith("-wal") || statSync(join(directory, name)).size > 0)
      .map((name) => [name, readFileSync(join(directory, name)).toString("base64")])
  )

/** A copy of the directory of a database at this moment, as a crash would leave it. */
export const image = (from: Home): Effect.Effect<Machine, never, Scope.Scope> =>
  Effect.tap(machine, ({ data }) => Effect.sync(() => cpSync(from.data, data, { recursive: true })))
