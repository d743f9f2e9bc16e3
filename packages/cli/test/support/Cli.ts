import { spawn } from "node:child_process"
import { env as inherited } from "node:process"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import { theCommand } from "@parley/harness/command"
import { type Ended, runShared } from "./Commands.ts"

/** The command as it is published, and where its compiled code is kept. */
export const { cache, parley: main } = theCommand()

export type { Ended }

/** A home and a workspace of their own, and the command run in them as a person would. */
export interface Place {
  readonly home: string
  readonly workspace: string
  /** Writes the configuration. Every tool may run unless it has permissions of its own. */
  readonly configure: (config: object) => void
  readonly write: (path: string, text: string) => void
  readonly spawn: (
    args: ReadonlyArray<string>,
    options?: { readonly env?: Record<string, string>; readonly input?: string; readonly cwd?: string }
  ) => { readonly child: ReturnType<typeof spawn>; readonly ended: Effect.Effect<Ended> }
  /** Runs the command to its end. Without `input`, and unless it is to be `alone`, it shares a process with other commands. */
  readonly run: (
    args: ReadonlyArray<string>,
    options?: {
      readonly env?: Record<string, string>
      readonly input?: string
      readonly cwd?: string
      readonly alone?: boolean
    }
  ) => Effect.Effect<Ended>
}

/** What most tests are not about. */
const allowed = { permissions: { "*": "allow" } }

const put = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o600 })
}

const make = (): Place => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "parley-cli-")))
  const home = join(root, "home")
  const workspace = join(root, "ws")
  mkdirSync(home)
  mkdirSync(workspace)
  const start: Place["spawn"] = (args, options = {}) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: options.cwd ?? workspace,
      env: { PATH: inherited["PATH"], HOME: home, NODE_COMPILE_CACHE: cache, ...options.env },
      stdio: ["pipe", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (data: string) => (stdout += data))
    child.stderr.setEncoding("utf8").on("data", (data: string) => (stderr += data))
    child.stdin.on("error", () => {})
    child.stdin.end(options.input ?? "")
    const ended = Effect.callback<Ended>((resume) => {
      const done = () => resume(Effect.succeed({ code: child.exitCode, signal: child.signalCode, stdout, stderr }))
      if (child.exitCode !== null || child.signalCode !== null) done()
      else child.on("close", done)
    })
    return { child, ended }
  }
  return {
    home,
    workspace,
    configure: (config) =>
      put(
        join(home, ".config/parley/config.json"),
        JSON.stringify("permissions" in config ? config : { ...config, ...allowed })
      ),
    write: (path, text) => put(join(workspace, path), text),
    spawn: start,
    run: (args, options = {}) =>
      options.input !== undefined || options.alone === true || args[0] === "chat"
        ? Effect.suspend(() => start(args, options).ended)
        : runShared({
            args,
            directory: options.cwd ?? workspace,
            gone: false,
            env: { PATH: inherited["PATH"] ?? "", HOME: home, ...options.env }
          })
  }
}

export const place = Effect.acquireRelease(Effect.sync(make), ({ home }) =>
  Effect.sync(() => rmSync(dirname(home), { recursive: true, force: true }))
)
