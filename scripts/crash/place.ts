import { spawn } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { startProvider } from "./provider.ts"

/** The built command. */
const built = [resolve(import.meta.dirname, "../../packages/cli/bin/parley.mjs")]
const effects = join(import.meta.dirname, "effects.mjs")

/** Milliseconds after which a process hangs. */
const patience = 300_000

/** One process from its start to its end. */
export interface Life {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Of the command itself, and of its main thread. */
  readonly pid: number
  /** When it made progress, in milliseconds since its start: it showed a line, or asked the provider. The last is its end. */
  readonly progress: ReadonlyArray<number>
  /** What `strace` said. */
  readonly trace: string
  /** It had to be ended by the harness. */
  readonly hung: boolean
}

export interface How {
  /** Options of `strace`, under which the process then runs. */
  readonly strace?: ReadonlyArray<string>
  /** Ctrl-C when this has been shown. */
  readonly cancelAt?: string
  /** SIGKILL, see `Instant`. */
  readonly killAt?: Instant
}

/**
 * A moment that a slow machine reaches as well as a quick one: so many milliseconds after the process has made progress for
 * the `step`th time (0 is its start), or, if that comes first, when it makes progress for the next time.
 */
export interface Instant {
  readonly step: number
  readonly millis: number
}

export type Place = Awaited<ReturnType<typeof makePlace>>

/**
 * A home, a workspace, a provider and an MCP server of their own. `reset` brings back a saved home. `parley` are the
 * arguments of Node that start the command.
 */
export const makePlace = async (root: string, parley: ReadonlyArray<string> = built) => {
  const home = join(root, "home")
  const saved = join(root, "saved")
  const workspace = join(root, "ws")
  const effectsFile = join(root, "effects")
  const settledFile = join(root, "settled")
  let shown = ""
  let progressed = () => {}
  const provider = await startProvider(
    () => shown,
    () => progressed()
  )
  const traceFile = join(root, "trace")
  mkdirSync(workspace, { recursive: true })

  const reset = (name?: string): void => {
    rmSync(home, { recursive: true, force: true })
    rmSync(effectsFile, { force: true })
    provider.bodies.length = 0
    if (name !== undefined) cpSync(join(saved, name), home, { recursive: true })
    mkdirSync(join(home, ".config/parley"), { recursive: true })
    const mcpServers = { effects: { command: process.execPath, args: [effects, effectsFile, settledFile] } }
    const permissions = { "*": "allow" }
    const config = { model: "anthropic/fake", mcpServers, permissions, limits: { retries: 1 } }
    writeFileSync(join(home, ".config/parley/config.json"), JSON.stringify(config), { mode: 0o600 })
  }

  const run = (args: ReadonlyArray<string>, how: How = {}): Promise<Life> => {
    const command = [process.execPath, ...parley, ...args]
    // -D: the process that is started is the command itself, and strace watches from aside.
    const [file = "", ...rest] =
      how.strace === undefined
        ? command
        : ["strace", "-D", "-qq", "-y", "-o", traceFile, "-e", "signal=none", ...how.strace, ...command]
    const env = {
      PATH: process.env["PATH"],
      HOME: home,
      XDG_CACHE_HOME: join(root, "cache"),
      ANTHROPIC_API_KEY: "test-key",
      ANTHROPIC_BASE_URL: provider.url
    }
    shown = ""
    let stderr = ""
    let cancelled = false
    rmSync(traceFile, { force: true })
    writeFileSync(settledFile, "")
    const started = performance.now()
    const progress: Array<number> = []
    const child = spawn(file, rest, {
      cwd: workspace,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: patience,
      killSignal: "SIGKILL"
    })
    const kill = () => void child.kill("SIGKILL")
    const next = () => {
      if (how.killAt === undefined) return
      if (progress.length > how.killAt.step) kill()
      else if (progress.length === how.killAt.step) void sleep(how.killAt.millis).then(kill)
    }
    progressed = () => {
      progress.push(performance.now() - started)
      next()
    }
    next()
    child.stdout.setEncoding("utf8").on("data", (data: string) => {
      shown += data
      // One byte for each result that was shown.
      writeFileSync(settledFile, ".".repeat(shown.split('"_tag":"ToolSettled"').length - 1))
      for (let line = data.split("\n").length - 1; line > 0; line--) progressed()
      if (cancelled || how.cancelAt === undefined || !shown.includes(how.cancelAt)) return
      cancelled = true
      child.kill("SIGINT")
    })
    child.stderr.setEncoding("utf8").on("data", (data: string) => (stderr += data))
    return new Promise((done, fail) => {
      child.on("error", fail)
      child.on("exit", () => progress.push(performance.now() - started))
      child.on("close", (code, signal) => {
        const hung = performance.now() - started >= patience
        progressed = () => {}
        const trace = existsSync(traceFile) ? readFileSync(traceFile, "latin1") : ""
        done({ code, signal, stdout: shown, stderr, pid: child.pid ?? 0, progress, trace, hung })
      })
    })
  }

  return {
    root,
    data: join(home, ".local/share/parley"),
    scratch: join(root, "scratch"),
    provider,
    reset,
    run,
    save: (name: string) => cpSync(home, join(saved, name), { recursive: true }),
    /** Where the MCP server notes what reached it. */
    effectsFile,
    effects: () => (existsSync(effectsFile) ? readFileSync(effectsFile, "utf8").split("\n").filter(Boolean) : [])
  }
}
