import { createServer, type ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { byteLength } from "../src/text/Cut.ts"
import { resultLimits } from "../src/results/ToolResults.ts"
import { context, textOf, withManager } from "./support.ts"

const MiB = 1024 * 1024
const Message = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.optionalKey(Schema.Json),
    method: Schema.String,
    params: Schema.optionalKey(Schema.Struct({ name: Schema.optionalKey(Schema.String) }))
  })
)
const decode = Schema.decodeUnknownSync(Message)

const send = (response: ServerResponse, before: string, bytes: number, after: string): void => {
  response.write(before)
  const block = "x".repeat(MiB)
  const more = (left: number): void => {
    if (response.destroyed) return
    if (left === 0) return void response.end(after)
    if (response.write(block)) setImmediate(more, left - MiB)
    else response.once("drain", () => more(left - MiB))
  }
  more(bytes)
}

/** Responds with the size that the tool's name states, as JSON or as an event stream. */
const serving = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const server = createServer((request, response) => {
      if (request.method !== "POST") return void response.writeHead(405).end()
      let body = ""
      request.on("data", (chunk: Buffer) => (body += chunk.toString()))
      request.on("end", () => {
        const { id, method, params } = decode(body)
        const answer = (result: unknown): void =>
          void response
            .writeHead(200, { "content-type": "application/json" })
            .end(JSON.stringify({ jsonrpc: "2.0", id, result }))
        if (id === undefined) return void response.writeHead(202).end()
        if (method === "initialize") {
          const serverInfo = { name: "large", version: "1" }
          return answer({ protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo })
        }
        if (method === "tools/list") {
          const tools = ["json_1", "json_100", "sse_20", "sse_100"].map((name) => ({
            name,
            inputSchema: { type: "object" }
          }))
          return answer({ tools })
        }
        if (method !== "tools/call") return void response.writeHead(400).end()
        const [kind, size] = (params?.name ?? "").split("_")
        const before = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[{"type":"text","text":"`
        if (kind === "json") {
          response.writeHead(200, { "content-type": "application/json" })
          return send(response, before, Number(size) * MiB, '"}]}}')
        }
        response.writeHead(200, { "content-type": "text/event-stream" })
        return send(response, `event: message\ndata: ${before}`, Number(size) * MiB, '"}]}}\n\n')
      })
    }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
)

describe("large messages over HTTP", () => {
  it.live("are read, or fail only their own call, and the connection survives", () =>
    Effect.gen(function* () {
      const address = (yield* serving).address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      yield* withManager({ servers: { http: { url: `http://127.0.0.1:${port}/mcp` } } }, (manager) =>
        Effect.gen(function* () {
          for (const name of ["json_1", "sse_20"]) {
            const output = yield* manager.call(`http__${name}`, {}, context)
            assert.isFalse(output.isError)
            assert.isAtMost(byteLength(textOf(output.content)), resultLimits.textBytes + 300)
          }
          const before = process.memoryUsage().rss
          for (const name of ["json_100", "sse_100"]) {
            const error = yield* Effect.flip(manager.call(`http__${name}`, {}, context))
            // The tool has run, so its effect is unknown.
            assert.strictEqual(error.reason, "Lost", name)
          }
          assert.isBelow(process.memoryUsage().rss - before, 1024 * MiB)
          assert.isFalse((yield* manager.call("http__json_1", {}, context)).isError)
          assert.deepStrictEqual(yield* manager.servers, [{ name: "http", state: "ready", tools: 4 }])
        })
      )
    })
  )
})
