import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process, { env as ownEnvironment } from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect, type Layer, Schedule, Schema } from "effect"
import type { Scope } from "effect/Scope"
import { callId, roundId, SessionId } from "@parley/domain/Ids"
import { type CallContext, McpManager } from "@parley/domain/McpManager"
import type { ResultContent } from "@parley/domain/Content"
import type { StdioServer } from "@parley/domain/McpServerConfig"
import * as McpServers from "../src/server/McpServers.ts"

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const installed = (name: string): string =>
  fileURLToPath(new URL(`../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url))

const script =
  (path: string) =>
  (...args: ReadonlyArray<string>): StdioServer => ({ command: process.execPath, args: [path, ...args] })

export const rawServer = script(fixture("raw-server.mjs"))
export const oddServer = script(fixture("odd-server.mjs"))
export const largeServer = script(fixture("large-server.mjs"))
export const promisingServer = script(fixture("promising-server.mjs"))
export const tellingServer = script(fixture("telling-server.mjs"))
export const v1Server = script(fixture("v1-server.mjs"))
export const v2Server = script(fixture("v2-server.mjs"))
export const everything = script(installed("server-everything"))
export const filesystem = script(installed("server-filesystem"))

export const context = {
  idempotencyKey: "session/1/2/3",
  reference: { sessionId: SessionId.make("session"), roundId: roundId(1), callId: callId(roundId(1), 3) }
} satisfies CallContext

/** A manager of its own for each test. Servers that ignore the end of their input are signalled soon. */
export const manager = (
  options: Partial<McpServers.McpServersOptions> & Pick<McpServers.McpServersOptions, "servers">
): Layer.Layer<McpManager> =>
  McpServers.layer({ clientInfo: { name: "parley-test", version: "1" }, closeGrace: "150 millis", ...options })

export const withManager = <A, E, R>(
  options: Partial<McpServers.McpServersOptions> & Pick<McpServers.McpServersOptions, "servers">,
  use: (manager: McpManager["Service"]) => Effect.Effect<A, E, R>
) => Effect.provide(Effect.flatMap(McpManager, use), manager(options), { local: true })

export const textOf = (content: ReadonlyArray<ResultContent>): string =>
  content.map((part) => (part._tag === "Text" ? part.text : `<${part._tag}>`)).join("\n")

/** An empty directory, by its real path, removed with the scope. */
export const directory: Effect.Effect<string, never, Scope> = Effect.acquireRelease(
  Effect.sync(() => fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "parley-mcp-")))),
  (path) => Effect.sync(() => fs.rmSync(path, { recursive: true, force: true }))
)

const Log = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))
const decodeLog = Schema.decodeUnknownSync(Log)

/** What a fixture has written to its log. */
export const readLog = (path: string) =>
  Effect.sync(() =>
    fs.existsSync(path)
      ? fs
          .readFileSync(path, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => decodeLog(line))
      : []
  )

/** Waits for an entry of a fixture's log that has this key. */
export const logged = (path: string, key: string) =>
  readLog(path).pipe(
    Effect.map((entries) => entries.find((entry) => key in entry)),
    (found) => eventually(found, (entry) => entry !== undefined),
    Effect.map((entry) => entry?.[key])
  )

/** Runs an effect again and again until its value is as it should be. */
export const eventually = <A, E, R>(self: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  self.pipe(
    Effect.repeat({ while: (value) => !holds(value), schedule: Schedule.spaced("10 millis") }),
    Effect.timeout("50 seconds")
  )

/** Whether a process is there and not merely waiting to be reaped. */
export const isRunning = (pid: unknown): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(fs.readFileSync(`/proc/${String(pid)}/stat`, "utf8"))
  } catch {
    return false
  }
}

export const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Starts a program that serves HTTP and waits until it says something that matches; ends it with the scope. */
export const httpServer = Effect.fnUntraced(function* (
  config: StdioServer,
  ready: RegExp,
  env: { readonly [name: string]: string } = {}
) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(config.command, config.args ?? [], {
        env: { PATH: ownEnvironment["PATH"] ?? "", ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const line = yield* Effect.callback<string>((resume) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (ready.test(line)) resume(Effect.succeed(line))
      })
    }
  })
  return { line, kill: Effect.sync(() => child.kill("SIGKILL")) }
})
