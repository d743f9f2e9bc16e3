// Runs thousands of rounds in one process and checks that its use of resources does not grow.
// usage: pnpm soak [--rounds 5000] [--every 500] [--seed 1] [--write]; needs Linux, for /proc
// With --write the table goes to docs/evidence/soak.md.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { parseArgs } from "node:util"
import { kinds, startProvider } from "./provider.ts"
import { problemsOf, table, write } from "./report.ts"
import type { Sample } from "./sample.ts"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5000" },
    every: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false }
  }
})
const everything = join(
  import.meta.dirname,
  "../../packages/cli/node_modules/@modelcontextprotocol/server-everything/dist/index.js"
)

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const address = probe.address()
  probe.close()
  await once(probe, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}

/** Starts the reference server over HTTP. Resolves when it listens. */
const startServer = async (port: number): Promise<ChildProcess> => {
  const env = { PATH: process.env["PATH"], PORT: String(port) }
  const child = spawn(process.execPath, [everything, "streamableHttp"], { env, stdio: ["ignore", "ignore", "pipe"] })
  for await (const line of createInterface({ input: child.stderr })) if (line.includes(String(port))) break
  child.stderr.resume()
  return child
}

const home = mkdtempSync(join(tmpdir(), "parley-soak-"))
const provider = await startProvider()
const port = await freePort()
const server = await startServer(port)
const started = performance.now()
const samples: Array<Sample> = []
let life: ChildProcess | undefined
// End the child processes and remove the files however this process ends.
process.on("exit", () => {
  life?.kill("SIGKILL")
  server.kill("SIGKILL")
  rmSync(home, { recursive: true, force: true })
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => {
    console.error(`ended by ${signal}`)
    process.exit(1)
  })
/** Ends a stuck process: rounds take milliseconds, and each wait in them is limited to seconds. */
// @effect-diagnostics-next-line globalTimers:off -- nothing of this process is an effect
const stuck = setTimeout(() => {
  console.error("no sample for ten minutes: the process is stuck")
  life?.kill("SIGKILL")
}, 600_000)
try {
  const [config, workspace] = [join(home, "config/parley"), join(home, "workspace")]
  for (const dir of [config, join(workspace, ".parley")]) mkdirSync(dir, { recursive: true })
  writeFileSync(join(workspace, "notes.txt"), "some notes\n")
  const settings = {
    providers: { anthropic: { apiKey: "sk-soak", baseUrl: provider.url, model: "fake" } },
    model: "anthropic/fake",
    // A small window, so that histories are compacted.
    models: { "anthropic/fake": { contextWindow: 30_000, maxOutputTokens: 4000 } },
    permissions: { "*": "allow" },
    mcpServers: {
      std: { command: process.execPath, args: [everything, "stdio"] },
      web: { url: `http://127.0.0.1:${port}/mcp` }
    }
  }
  writeFileSync(join(config, "config.json"), JSON.stringify(settings), { mode: 0o600 })
  const errors = join(home, "stderr")
  const args = ["--expose-gc", join(import.meta.dirname, "life.ts"), values.rounds, values.every, values.seed]
  life = spawn(process.execPath, args, {
    cwd: workspace,
    env: {
      PATH: process.env["PATH"],
      HOME: home,
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_DATA_HOME: join(home, "data"),
      XDG_STATE_HOME: join(home, "state"),
      XDG_CACHE_HOME: join(home, "cache")
    },
    stdio: ["ignore", "ignore", openSync(errors, "w"), "pipe"]
  })
  const out = life.stdio[3]
  if (!(out instanceof Readable)) throw new Error("there is nothing to read samples from")
  for await (const line of createInterface({ input: out })) {
    stuck.refresh()
    samples.push(JSON.parse(line))
    console.error(`${samples.at(-1)?.rounds} rounds, ${Math.round((performance.now() - started) / 1000)} s`)
  }
  if (life.exitCode === null && life.signalCode === null) await once(life, "exit")
  if (life.exitCode !== 0) console.error(readFileSync(errors, "utf8").slice(-2000))
} finally {
  clearTimeout(stuck)
  server.kill("SIGKILL")
  provider.close()
}
console.log(table(samples))
const unasked = [...Object.keys(kinds), "summary"].filter((kind) => provider.asked[kind] === undefined)
const problems = [
  ...problemsOf(samples, Number(values.rounds)),
  ...unasked.map((kind) => `no round was of the kind "${kind}": the run tests less than it claims`)
]
for (const problem of problems) console.error(problem)
if (values.write) write(samples, values.seed, Math.round((performance.now() - started) / 1000))
process.exitCode = problems.length === 0 ? 0 : 1
