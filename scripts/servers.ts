// Measures how long a round waits for its MCP servers: working ones alone, and with five that are broken in different ways.
// usage: pnpm servers [--repeat 5] [--write]; pnpm servers --real [--installed DIRECTORY] [--write]
// With --write the table, and the output of `parley mcp list`, go to docs/evidence/servers.md.
// --real tries third-party servers from npm and writes servers-real.md; it needs the registry. They are installed into the
// system's temporary directory, unless DIRECTORY already contains them.
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { cpus, loadavg, release, tmpdir, type } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import { parseArgs, promisify } from "node:util"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { McpManager } from "../packages/domain/src/McpManager.ts"
import type { McpServerConfig } from "../packages/domain/src/McpServerConfig.ts"
import * as McpServers from "../packages/mcp/src/server/McpServers.ts"

const { values } = parseArgs({
  options: {
    repeat: { type: "string", default: "5" },
    write: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
    installed: { type: "string" }
  }
})
if (values.real) {
  const { tryAll } = await import("./realServers/main.ts")
  process.exit((await tryAll({ ...values, installed: values.installed })) ? 0 : 1)
}
const root = resolve(import.meta.dirname, "..")
const evidence = join(root, "docs/evidence/servers.md")
const node = (path: string, ...args: ReadonlyArray<string>): McpServerConfig => ({
  command: process.execPath,
  args: [join(root, path), ...args]
})
const installed = (name: string) => `packages/mcp/node_modules/@modelcontextprotocol/${name}/dist/index.js`
const fixture = (name: string) => `packages/mcp/test/fixtures/${name}`

type Servers = { readonly [name: string]: McpServerConfig }
const some = (name: string, count: number, config: McpServerConfig): Servers =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i + 1}`, config]))
const healthy: Servers = {
  ...some("everything", 5, node(installed("server-everything"))),
  ...some("filesystem", 5, node(installed("server-filesystem"), root)),
  ...some("v2-", 5, node(fixture("v2-server.mjs")))
}

// Requires a token but offers no way to obtain one.
const locked = createServer((_, response) => response.writeHead(401).end())
await new Promise<void>((listening) => locked.listen(0, "127.0.0.1", listening))
const address = locked.address()
const port = typeof address === "object" && address !== null ? address.port : 0
/** A port that was free a moment ago, so that connections are refused. */
const nobody = await new Promise<number>((found) => {
  const other = createServer().listen(0, "127.0.0.1", () => {
    const address = other.address()
    other.close(() => found(typeof address === "object" && address !== null ? address.port : 0))
  })
})
const quick: Servers = {
  absent: { command: "parley-no-such-command" },
  exits: node(fixture("raw-server.mjs"), "--exit"),
  refuses: { url: `http://127.0.0.1:${nobody}/mcp` },
  locked: { url: `http://127.0.0.1:${port}/mcp` }
}
/** A server that never answers. Only a timeout distinguishes it from a slow one. */
const silent: Servers = { silent: node(fixture("raw-server.mjs"), "--silent") }

/** The time from a cold start until the tools are known, in milliseconds. */
const waits = (servers: Servers) =>
  Effect.gen(function* () {
    const started = performance.now()
    const layer = McpServers.layer({ servers, clientInfo: { name: "parley-measured", version: "1" } })
    const manager = Context.get(yield* Layer.build(layer), McpManager)
    const tools = yield* manager.tools
    return { millis: performance.now() - started, tools: tools.length }
  }).pipe(Effect.scoped, Effect.runPromise)

const cases: ReadonlyArray<readonly [string, Servers]> = [
  ["one, server-everything", some("everything", 1, node(installed("server-everything")))],
  ["15 healthy", healthy],
  ["15 healthy, 4 broken", { ...healthy, ...quick }],
  ["15 healthy, 4 broken, 1 silent", { ...healthy, ...quick, ...silent }]
]
const median = (all: ReadonlyArray<number>): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

/** The output of `parley mcp list` for the same twenty servers. */
const listed = async (): Promise<string> => {
  const home = mkdtempSync(join(tmpdir(), "parley-servers-"))
  try {
    mkdirSync(join(home, ".config/parley"), { recursive: true, mode: 0o700 })
    const config = JSON.stringify({ mcpServers: { ...healthy, ...quick, ...silent } })
    writeFileSync(join(home, ".config/parley/config.json"), config, { mode: 0o600 })
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, "packages/cli/src/main.ts"), "mcp", "list"],
      { cwd: home, env: { PATH: process.env["PATH"] ?? "", HOME: home } }
    )
    return stdout.replaceAll(process.execPath, "node").replaceAll(root, "…").replaceAll(String(port), "PORT")
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const rows: Array<string> = []
for (const [name, servers] of cases) {
  const times: Array<number> = []
  let tools = 0
  for (let i = 0; i < Number(values.repeat); i++) {
    const waited = await waits(servers)
    times.push(waited.millis)
    tools = waited.tools
  }
  const [least, most] = [Math.min(...times), Math.max(...times)]
  rows.push([name, Object.keys(servers).length, tools, ...[median(times), least, most].map(Math.round)].join(" | "))
}
const table = [
  "| servers | configured | tools | median ms | least | most |",
  "| --- | ---: | ---: | ---: | ---: | ---: |",
  ...rows.map((row) => `| ${row} |`)
].join("\n")
const said = await listed()
locked.close()
console.log(`${table}\n\n${said}`)
if (values.write) {
  const machine = `${cpus().length} cores, ${type()} ${release().split("-")[0]}, Node ${process.versions.node}`
  const load = loadavg()[0]?.toFixed(1)
  const when = new Intl.DateTimeFormat("sv-SE").format()
  const command = ["pnpm servers", ...process.argv.slice(2)].join(" ")
  const [words = ""] = readFileSync(evidence, "utf8").split(/^## Runs$/m)
  const shown = ["`parley mcp list` with the last of them:", "```", said.trimEnd(), "```"].join("\n")
  writeFileSync(
    evidence,
    `${words.trimEnd()}\n\n## Runs\n\n${when}, ${machine}, load ${load}; \`${command}\`\n\n${table}\n\n${shown}\n`
  )
}
