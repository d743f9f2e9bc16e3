import { createServer } from "node:http"
import process from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { reconnections } from "../src/transport/HttpTransport.ts"
import { context, eventually, withManager } from "./support.ts"

const Message = Schema.fromJsonString(Schema.Struct({ id: Schema.optionalKey(Schema.Json), method: Schema.String }))
const decode = Schema.decodeUnknownSync(Message)

/** Responds to calls with a stream that ends immediately and is to be reopened after a minute. */
const serving = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly calls: () => number; readonly close: () => void }>((resume) => {
    const called = { times: 0 }
    const results: { readonly [method: string]: unknown } = {
      initialize: {
        protocolVersion: "2025-11-25",
        capabilities: { tools: {} },
        serverInfo: { name: "s", version: "1" }
      },
      "tools/list": { tools: [{ name: "t", inputSchema: { type: "object" } }] }
    }
    const server = createServer((request, response) => {
      if (request.method !== "POST") return void response.writeHead(405).end()
      let body = ""
      request.on("data", (chunk: Buffer) => (body += chunk.toString()))
      request.on("end", () => {
        const { id, method } = decode(body)
        if (id === undefined) return void response.writeHead(202).end()
        if (method === "tools/call") {
          response.writeHead(200, { "content-type": "text/event-stream" })
          response.end(`id: 1\nretry: 60000\ndata: \n\n`, () => void (called.times += 1))
          return
        }
        const result = results[method]
        const answer = result === undefined ? { error: { code: -32_601, message: "no" } } : { result }
        response.writeHead(200, { "content-type": "application/json" })
        response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }))
      })
    }).listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const close = () => {
        server.closeAllConnections()
        server.close()
      }
      resume(Effect.succeed({ port, calls: () => called.times, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const timers = Effect.sync(() => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length)

describe("streams that wait to be reopened", () => {
  it.effect("have timers that end with their scope", () =>
    Effect.gen(function* () {
      const before = yield* timers
      yield* Effect.gen(function* () {
        const open = yield* reconnections
        for (const delay of [60_000, 60_000, 2 ** 40]) open(() => {}, delay)
        assert.strictEqual(yield* timers, before + 3)
      }).pipe(Effect.scoped)
      assert.strictEqual(yield* timers, before)
    })
  )

  it.live("wait no longer than their connection, and do not keep the process alive", () =>
    Effect.gen(function* () {
      const { calls, port } = yield* serving
      const before = yield* timers
      const servers = { s: { url: `http://127.0.0.1:${port}/mcp`, protocol: "legacy" as const } }
      yield* withManager({ servers }, (manager) =>
        Effect.gen(function* () {
          const call = Effect.ignore(manager.call("s__t", {}, context))
          const all = yield* Effect.forkChild(Effect.all([call, call, call], { concurrency: "unbounded" }))
          yield* eventually(Effect.sync(calls), (count) => count === 3)
          // The timeouts of three calls, and the timers of their three streams.
          yield* eventually(timers, (count) => count >= before + 6)
          yield* Fiber.interrupt(all)
        })
      )
      yield* eventually(timers, (count) => count <= before)
      assert.strictEqual(calls(), 3)
    })
  )
})
