import { createServer } from "node:http"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import type { ServerRequests } from "@parley/domain/ServerRequests"
import { zero } from "@parley/domain/Usage"
import { logging, withServer } from "./asking.ts"
import { directory, eventually, httpServer, logged } from "./support.ts"

const v2Asking = Effect.fnUntraced(function* (log: string) {
  const path = fileURLToPath(new URL("./fixtures/v2-asking.mjs", import.meta.url))
  const { line } = yield* httpServer({ command: process.execPath, args: [path, `--log=${log}`] }, /listening on/)
  return { url: `http://127.0.0.1:${line.split(" ").at(-1)}/` }
})

const requests: ServerRequests = {
  elicit: () => Effect.succeed({ _tag: "Accept", content: {} }),
  sample: ({ maxTokens }) =>
    Effect.succeed({ _tag: "Answered", text: `${maxTokens}`, model: "m/x", stop: "endTurn", usage: zero })
}

describe("in the revision of 2026", () => {
  it.live("requests during a call get the same answers, with the same limits", () =>
    Effect.gen(function* () {
      const here = yield* directory
      const config = { ...(yield* v2Asking(join(here, "log"))), sampling: "allow" as const, roots: ["."] }
      yield* withServer(
        config,
        requests,
        (call) =>
          Effect.gen(function* () {
            assert.strictEqual(yield* call("elicit"), '{"action":"accept","content":{"name":"Ada"}}')
            assert.include(yield* call("sample"), '"text":"9"')
            assert.include(yield* call("roots"), `file://${here}`)
            assert.strictEqual(yield* call("level"), '"warning"')
          }),
        { workspaceRoot: here }
      )
      yield* withServer({ ...(yield* v2Asking(join(here, "log"))), logLevel: "debug" }, {}, (call) =>
        Effect.gen(function* () {
          for (const name of ["elicit", "sample", "roots"])
            assert.match(yield* call(name), /nobody here|-32021|-32003/, name)
          assert.strictEqual(yield* call("level"), '"debug"')
        })
      )
    })
  )

  it.live("a cancelled call is cancelled on the server", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withServer(yield* v2Asking(log), {}, (call) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(call("wait"), { startImmediately: true })
          yield* logged(log, "waiting")
          yield* Fiber.interrupt(fiber)
          assert.isTrue(yield* logged(log, "aborted"))
        })
      )
    })
  )
})

const Message = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.optionalKey(Schema.Unknown),
    method: Schema.String,
    params: Schema.optionalKey(Schema.Json)
  })
)
const decode = Schema.decodeUnknownSync(Message)
const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))

/** A server for the revision of 2025 over HTTP that never responds to a call. */
const silentHttp = Effect.gen(function* () {
  const heard: Array<string> = []
  const results: { readonly [method: string]: unknown } = {
    initialize: {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "old", version: "1" }
    },
    ping: {},
    "tools/list": { tools: [{ name: "wait", inputSchema: { type: "object" } }] }
  }
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (data: string) => (body += data))
        request.on("end", () => {
          if (request.method !== "POST") return void response.writeHead(405).end()
          const { id, method } = decode(body)
          heard.push(method)
          if (method === "tools/call")
            return response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()
          if (id === undefined) return void response.writeHead(202).end()
          const answer = method in results ? { result: results[method] } : { error: { code: -32601, message: "no" } }
          response.writeHead(200, { "content-type": "application/json" }).end(encode({ jsonrpc: "2.0", id, ...answer }))
        })
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  const address = server.address()
  return { heard, url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/` }
})

describe("in the revision of 2025", () => {
  it.live("a cancelled call is cancelled on the server, over stdio", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withServer(logging(log), {}, (call) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(call("hang"), { startImmediately: true })
          yield* logged(log, "called")
          yield* Fiber.interrupt(fiber)
          assert.isNumber(yield* logged(log, "cancelled"))
        })
      )
    })
  )

  it.live("a cancelled call is cancelled on the server, over HTTP", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* silentHttp
      yield* withServer({ url }, {}, (call) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(call("wait"), { startImmediately: true })
          const hears = (method: string) =>
            eventually(
              Effect.sync(() => heard.includes(method)),
              (yes) => yes
            )
          yield* hears("tools/call")
          yield* Fiber.interrupt(fiber)
          yield* hears("notifications/cancelled")
        })
      )
    })
  )

  it.live("the configured level of log messages is requested", () =>
    Effect.gen(function* () {
      const here = yield* directory
      yield* withServer(logging(join(here, "a")), {}, (call) => call("slow", { millis: 50 }))
      assert.strictEqual(yield* logged(join(here, "a"), "level"), "warning")
      yield* withServer(logging(join(here, "b"), { logLevel: "error" }), {}, (call) => call("slow", { millis: 50 }))
      assert.strictEqual(yield* logged(join(here, "b"), "level"), "error")
    })
  )

  it.live("the declared elicitation capability contains only form and url", () =>
    Effect.gen(function* () {
      const log = join(yield* directory, "log")
      yield* withServer(logging(log, { sampling: "deny" }), requests, (call) => call("slow", { millis: 0 }))
      assert.deepStrictEqual(yield* logged(log, "capabilities"), {
        elicitation: { form: { applyDefaults: true }, url: {} }
      })
    })
  )
})
