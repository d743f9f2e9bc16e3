import { spawn } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { startProvider } from "./provider.ts"

const parley = resolve(import.meta.dirname, "../../packages/cli/bin/parley.mjs")
const effects = join(import.meta.dirname, "effects.mjs")

/** Milliseconds after which a process hangs. */
const patience = 30_000

/** One process from its start to its end. */
export interface Life {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly millis: number
  /** It had to be ended by the harness. */
  readonly hung: boolean
}

export interface How {
  /** Options of `strace`, under which the process then runs. */
  readonly strace?: ReadonlyArray<string>
  /** Ctrl-C when this has been shown. */
  readonly cancelAt?: string
  /** SIGKILL after so many milliseconds. */
  readonly killAfter?: number
}

export type Place = Awaited<ReturnType<typeof makePlace>>

/** A home, a workspace, a provider and an MCP server of their own. `reset` brings back a saved home. */
export const makePlace = async (root: string) => {
  const home = join(root, "home")
  const saved = join(root, "saved")
  const workspace = join(root, "ws")
  const effectsFile = join(root, "effects")
  let shown = ""
  const provider = await startProvider(() => shown)
  mkdirSync(workspace, { recursive: true })

  const reset = (name?: string): void => {
    rmSync(home, { recursive: true, force: true })
    rmSync(effectsFile, { force: true })
    provider.bodies.length = 0
    if (name !== undefined) cpSync(join(saved, name), home, { recursive: true })
    mkdirSync(join(home, ".config/parley"), { recursive: true })
    const mcpServers = { effects: { command: process.execPath, args: [effects, effectsFile] } }
    const permissions = { "*": "allow" }
    const config = { model: "anthropic/fake", mcpServers, permissions, limits: { retries: 1 } }
    writeFileSync(join(home, ".config/parley/config.json"), JSON.stringify(config), { mode: 0o600 })
  }

  const run = (args: ReadonlyArray<string>, how: How = {}): Promise<Life> => {
    const command = [process.execPath, parley, ...args]
    // -D: the process that is started is the command itself, and strace watches from aside.
    const [file = "", ...rest] = how.strace === undefined ? command : ["strace", "-D", "-qq", ...how.strace, ...command]
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
    const started = performance.now()
    const child = spawn(file, rest, {
      cwd: workspace,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: Math.max(1, how.killAfter ?? patience),
      killSignal: "SIGKILL"
    })
    child.stdout.setEncoding("utf8").on("data", (data: string) => {
      shown += data
      if (cancelled || how.cancelAt === undefined || !shown.includes(how.cancelAt)) return
      cancelled = true
      child.kill("SIGINT")
    })
    child.stderr.setEncoding("utf8").on("data", (data: string) => (stderr += data))
    return new Promise((done, fail) => {
      child.on("error", fail)
      child.on("close", (code, signal) => {
        const millis = performance.now() - started
        done({ code, signal, stdout: shown, stderr, millis, hung: millis >= patience && how.killAfter === undefined })
      })
    })
  }

  return {
    data: join(home, ".local/share/parley"),
    scratch: join(root, "scratch"),
    provider,
    reset,
    run,
    save: (name: string) => cpSync(home, join(saved, name), { recursive: true }),
    effects: () => (existsSync(effectsFile) ? readFileSync(effectsFile, "utf8").split("\n").filter(Boolean) : [])
  }
}
