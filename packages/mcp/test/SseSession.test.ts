import { createServer, type ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { context, eventually, withManager } from "./support.ts"

const Message = Schema.fromJsonString(Schema.Struct({ id: Schema.optionalKey(Schema.Json), method: Schema.String }))
const decode = Schema.decodeUnknownSync(Message)

/** A server with an event stream for each session. On request it forgets all sessions but leaves their streams open. */
const serving = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly forget: () => void; readonly close: () => void }>((resume) => {
    const streams = new Map<string, ServerResponse>()
    const known = { from: 0, next: 0 }
    const results: { readonly [method: string]: unknown } = {
      initialize: {
        protocolVersion: "2024-11-05",
        capabilities: { tools: {} },
        serverInfo: { name: "forgetful", version: "1" }
      },
      "tools/list": { tools: [{ name: "t", inputSchema: { type: "object" } }] },
      "tools/call": { content: [{ type: "text", text: "done" }] }
    }
    const server = createServer((request, response) => {
      if (request.method === "GET") {
        const session = String(known.next++)
        streams.set(session, response)
        response.writeHead(200, { "content-type": "text/event-stream" })
        return void response.write(`event: endpoint\ndata: /messages?${session}\n\n`)
      }
      const session = request.url?.split("?")[1] ?? ""
      if (Number(session) < known.from) return void response.writeHead(404).end("no such session")
      let body = ""
      request.on("data", (chunk: Buffer) => (body += chunk.toString()))
      request.on("end", () => {
        const { id, method } = decode(body)
        response.writeHead(202).end()
        if (id === undefined) return
        const answer = { jsonrpc: "2.0", id, result: results[method] ?? {} }
        streams.get(session)?.write(`event: message\ndata: ${JSON.stringify(answer)}\n\n`)
      })
    }).listen(0, "127.0.0.1", () => {
      const address = server.address()
      resume(
        Effect.succeed({
          port: typeof address === "object" && address !== null ? address.port : 0,
          forget: () => void (known.from = known.next),
          close: () => {
            server.closeAllConnections()
            server.close()
          }
        })
      )
    })
  }),
  ({ close }) => Effect.sync(close)
)

describe("a session over HTTP+SSE of 2024", () => {
  it.live("that the server has forgotten is replaced, although its stream is still open", () =>
    Effect.gen(function* () {
      const { forget, port } = yield* serving
      const servers = { sse: { url: `http://127.0.0.1:${port}/sse`, transport: "sse" as const } }
      yield* withManager({ servers, restarts: { firstDelayMillis: 20 } }, (manager) =>
        Effect.gen(function* () {
          assert.isFalse((yield* manager.call("sse__t", {}, context)).isError)
          forget()
          // The outcome is unknown, because this version of the protocol does not state why a message was refused.
          assert.strictEqual((yield* Effect.flip(manager.call("sse__t", {}, context))).reason, "Lost")
          yield* eventually(manager.servers, ([status]) => status?.state === "ready" && status.restarts === 1)
          assert.isFalse((yield* manager.call("sse__t", {}, context)).isError)
        })
      )
    })
  )
})
