import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process, { env as inherited } from "node:process"
import { textOf } from "@parley/domain/Content"
import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import type { Round } from "@parley/domain/Session"
import { ServerRequests, type ServerRequests as Requests } from "@parley/domain/ServerRequests"
import type { ToolOutcome } from "@parley/domain/Tool"
import * as McpServers from "@parley/mcp/McpServers"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SecureIds from "@parley/store/SecureIds"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import { Chunks, ScriptedModel } from "@parley/testing"
import { Effect, Layer, Schedule } from "effect"
import { inTime } from "@parley/harness/promptly"

export const everything = resolve(
  import.meta.dirname,
  "../../node_modules/@modelcontextprotocol/server-everything/dist/index.js"
)
const fixtures = resolve(import.meta.dirname, "../../../packages/mcp/test/fixtures")
export const fixture = (name: string) => join(fixtures, name)

/** Starts a program that serves HTTP on a free port until the scope closes. Returns the port once it accepts connections. */
export const serving = Effect.fnUntraced(function* (script: string, ...args: ReadonlyArray<string>) {
  const port = yield* Effect.callback<number>((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => done(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
    })
  })
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [script, ...args], {
        env: { PATH: inherited["PATH"] ?? "", PORT: String(port) },
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  yield* Effect.callback<void>((done) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => {
        if (/listening|running|port/i.test(data.toString())) done(Effect.void)
      })
  })
  return port
})

export const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-rounds-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

type Called = readonly [tool: string, input?: { readonly [key: string]: unknown }]

/** The whole engine on SQLite with one MCP server, and a model that makes these calls in its first turn. */
export const engine = (
  config: McpServerConfig,
  calls: ReadonlyArray<Called>,
  options: Partial<McpServers.McpServersOptions> & { readonly home: string; readonly requests?: Requests }
) => {
  const { home, requests = {}, ...more } = options
  const done = ScriptedModel.turn([...Chunks.text(0, "Done."), Chunks.finish()])
  const turns = [
    ScriptedModel.turn([
      ...calls.flatMap(([tool, input = {}], i) => Chunks.call(i, `real__${tool}`, input)),
      Chunks.finish(calls.length === 0 ? "end" : "tool-calls")
    ]),
    ...Array.from({ length: 20 }, () => done)
  ]
  return SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      McpServers.layer({
        servers: { real: config },
        clientInfo: { name: "parley-rounds", version: "1" },
        closeGrace: "150 millis",
        ...more
      }).pipe(Layer.provide(Layer.succeed(ServerRequests, requests))),
      ScriptedModel.layer(turns),
      SqliteSessions.layer({ filename: join(home, "parley.db") }).pipe(Layer.provide(SecureIds.layer)),
      PromptManager.layerMemory()
    ])
  )
}

/** Sends one message in a new session. */
export const round = (request: string) =>
  Effect.gen(function* () {
    const { id } = yield* SessionManager.use((sessions) => sessions.create({}))
    return yield* SessionCoordinator.use((parley) => parley.handleMessage({ sessionId: id, request }))
  })

/** Waits until the server offers this tool. Some tools are registered only after the initialization. */
export const offers = (tool: string) =>
  McpManager.use((mcp) => mcp.tools).pipe(
    Effect.repeat({
      while: (tools) => !tools.some(({ name }) => name === `real__${tool}`),
      schedule: Schedule.spaced("20 millis")
    }),
    inTime(8000)
  )

const wordsOf = (outcome: ToolOutcome | undefined): string => {
  if (outcome === undefined) return "unsettled"
  if (!("content" in outcome)) return `${outcome._tag}: ${outcome.reason}`
  const media = outcome.content.flatMap((part) => (part._tag === "Text" ? [] : [`<${part.mediaType}>`]))
  return `${outcome._tag}: ${[textOf(outcome.content), ...media].join(" ")}`
}

/** The result of each call of a round, by the server's own tool names. */
export const results = ({ turns }: Round): { readonly [tool: string]: string } =>
  Object.fromEntries(
    turns.flatMap(({ toolCalls }) =>
      toolCalls.map(({ name, outcome }) => [name.replace(/^real__/, ""), wordsOf(outcome)])
    )
  )
