import { spawn } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { steer } from "./messages.ts"
import { startProvider } from "./provider.ts"

/** The built command. */
const built = [resolve(import.meta.dirname, "../../packages/cli/bin/parley.mjs")]
const effects = join(import.meta.dirname, "effects.mjs")

/** Milliseconds after which a process counts as hanging. */
const patience = 300_000

/** One process from its start to its end. */
export interface Life {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The process id of the command, which is also the id of its main thread. */
  readonly pid: number
  /** Times of progress in milliseconds since its start: an output line or a request to the provider; the last is its end. */
  readonly progress: ReadonlyArray<number>
  /** The output of `strace`. */
  readonly trace: string
  /** Whether the harness had to end it. */
  readonly hung: boolean
}

export interface How {
  /** If present, the process runs under `strace` with these options. */
  readonly strace?: ReadonlyArray<string>
  /** Sends SIGINT when the output contains this text. */
  readonly cancelAt?: string
  /** Sends SIGKILL at this instant. */
  readonly killAt?: Instant
}

/**
 * An instant that is reached on slow and fast machines alike: `millis` milliseconds after the `step`th progress of the
 * process (0 is its start), or at its next progress if that comes earlier.
 */
export interface Instant {
  readonly step: number
  readonly millis: number
}

export type Place = Awaited<ReturnType<typeof makePlace>>

/**
 * Creates a separate home, workspace, provider and MCP server. `reset` restores a saved home, with the permission for all tools. `parley` are the arguments of
 * Node that start the command.
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
    () => progressed(),
    () => steer({ data: join(home, ".local/share/parley") })
  )
  const traceFile = join(root, "trace")
  const schemaFile = join(root, "schema.json")
  mkdirSync(workspace, { recursive: true })
  writeFileSync(schemaFile, '{"type":"integer"}')

  const reset = (name?: string, permission: "allow" | "ask" = "allow"): void => {
    rmSync(home, { recursive: true, force: true })
    rmSync(effectsFile, { force: true })
    provider.bodies.length = 0
    if (name !== undefined) cpSync(join(saved, name), home, { recursive: true })
    mkdirSync(join(home, ".config/parley"), { recursive: true })
    const mcpServers = { effects: { command: process.execPath, args: [effects, effectsFile, settledFile] } }
    const permissions = { "*": permission }
    const config = { model: "anthropic/fake", mcpServers, permissions, limits: { retries: 1 } }
    writeFileSync(join(home, ".config/parley/config.json"), JSON.stringify(config), { mode: 0o600 })
  }

  const run = (args: ReadonlyArray<string>, how: How = {}): Promise<Life> => {
    const command = [process.execPath, ...parley, ...args]
    // -D: the started process is the command itself, and strace runs as a separate grandchild.
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
    /** A JSON Schema for answers. */
    schemaFile,
    provider,
    reset,
    run,
    save: (name: string) => cpSync(home, join(saved, name), { recursive: true }),
    /** The file in which the MCP server records the calls that reached it. */
    effectsFile,
    effects: () => (existsSync(effectsFile) ? readFileSync(effectsFile, "utf8").split("\n").filter(Boolean) : [])
  }
}
