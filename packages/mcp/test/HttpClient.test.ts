import { execFile } from "node:child_process"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Http from "@parley/http/Http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { authFetch } from "../src/auth/AuthFetch.ts"
import * as LoginOptions from "../src/auth/LoginOptions.ts"
import { context, eventually, textOf, withManager } from "./support.ts"

const Message = Schema.fromJsonString(Schema.Struct({ id: Schema.optionalKey(Schema.Json), method: Schema.String }))
const decode = Schema.decodeUnknownSync(Message)

/** An HTTP server with one tool, `act`; `answer` may answer a request in its place. */
const serving = (answer: (method: string, request: IncomingMessage, response: ServerResponse) => boolean) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly asked: Array<string>; readonly end: () => void }>((resume) => {
      const asked: Array<string> = []
      const server = createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`)
        let body = ""
        request.on("data", (piece: Buffer) => (body += piece.toString()))
        request.on("end", () => {
          if (request.method !== "POST") return void response.writeHead(405).end()
          const { id, method } = decode(body)
          if (answer(method, request, response)) return
          const say = (result: unknown): void =>
            void response
              .writeHead(200, { "content-type": "application/json" })
              .end(JSON.stringify({ jsonrpc: "2.0", id, result }))
          if (id === undefined) return void response.writeHead(202).end()
          if (method === "initialize")
            return say({
              protocolVersion: "2025-06-18",
              capabilities: { tools: {} },
              serverInfo: { name: "s", version: "1" }
            })
          if (method === "tools/list") return say({ tools: [{ name: "act", inputSchema: { type: "object" } }] })
          if (method === "tools/call") return say({ content: [{ type: "text", text: "done" }] })
          response.writeHead(400).end()
        })
      })
      server.on("connect", (request, socket) => {
        asked.push(`CONNECT ${request.url}`)
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const end = (): void => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/mcp`, asked, end }))
      })
    }),
    ({ end }) => Effect.sync(end)
  )

const ordinary = serving(() => false)

/** The same client, but it records the limits that it is used with. */
const noting = (client: Http.HttpClient) => {
  const noted: Array<Http.Within> = []
  const within: Http.HttpClient["within"] = (limits) => {
    noted.push(limits)
    return client.within(limits)
  }
  return { noted, client: { ...client, within } }
}

describe("requests to servers over HTTP", () => {
  it.live("no limit of the HTTP client ends a call before the user's timeout", () =>
    Effect.gen(function* () {
      const { url } = yield* ordinary
      const { client, noted } = noting(Http.make())
      const servers = {
        quick: { url },
        slow: { url, startTimeoutMillis: 90_000, timeoutMillis: 3_600_000 },
        older: { url, transport: "sse" as const }
      }
      yield* withManager({ servers, auth: { store: LoginOptions.inMemory() } }, (manager) =>
        Effect.gen(function* () {
          const output = yield* manager.call("slow__act", {}, context)
          assert.strictEqual(textOf(output.content), "done")
        })
      ).pipe(Effect.provideService(Http.Client, client))
      assert.isAtLeast(noted.length, 3)
      for (const limits of noted) {
        assert.strictEqual(limits.headersMillis, Infinity)
        assert.strictEqual(limits.idleMillis, Infinity)
        assert.strictEqual(limits.totalMillis, Infinity)
      }
      const waits = noted.map(({ connectMillis }) => connectMillis)
      assert.includeMembers(waits, [30_000, 90_000])
    })
  )

  it.live("endless error responses are read up to their limit", () =>
    Effect.gen(function* () {
      const server = yield* serving((method, _request, response) => {
        if (method !== "tools/call") return false
        response.writeHead(500, { "content-type": "text/plain" })
        const more = (): void => {
          while (!response.destroyed && response.write("x".repeat(64 * 1024)));
          response.once("drain", more)
        }
        more()
        return true
      })
      yield* withManager({ servers: { s: { url: server.url } } }, (manager) =>
        Effect.gen(function* () {
          const before = process.memoryUsage().rss
          const error = yield* Effect.flip(manager.call("s__act", {}, context))
          assert.match(error.message, /HTTP 500/)
          assert.isBelow(process.memoryUsage().rss - before, 100 * 1024 * 1024)
          assert.isAtLeast((yield* manager.tools).length, 1)
        })
      )
    })
  )

  it.live("a configured proxy is used, also for a host that only the proxy can resolve", () =>
    Effect.gen(function* () {
      const proxy = yield* ordinary
      const http = Http.make({ proxies: { http: new URL(proxy.url).origin } })
      yield* withManager({ servers: { s: { url: "http://far.invalid/mcp" } } }, (manager) =>
        Effect.gen(function* () {
          const output = yield* manager.call("s__act", {}, context)
          assert.strictEqual(textOf(output.content), "done")
        })
      ).pipe(Effect.provideService(Http.Client, http))
      assert.include(proxy.asked, "POST http://far.invalid/mcp")
    })
  )

  it.live("a refusal by a proxy is reported as the reason why the server is not running", () =>
    Effect.gen(function* () {
      const proxy = yield* ordinary
      const http = Http.make({ proxies: { https: { url: new URL(proxy.url).origin, from: "HTTPS_PROXY" } } })
      const options = { servers: { s: { url: "https://far.invalid/mcp" } } }
      yield* withManager(options, (manager) =>
        Effect.gen(function* () {
          const [status] = yield* eventually(manager.servers, ([found]) => found?.lastProblem !== undefined)
          assert.match(status?.lastProblem ?? "", /wants a user name and a password \(HTTP 407\); put .* HTTPS_PROXY/)
        })
      ).pipe(Effect.provideService(Http.Client, http))
      assert.include(proxy.asked, "CONNECT far.invalid:443")
    })
  )

  it.live("a login also uses the proxy, and does not reach private networks through it", () =>
    Effect.gen(function* () {
      const proxy = yield* ordinary
      const { origin } = new URL(proxy.url)
      const http = Http.make({ proxies: { https: origin, http: origin } })
      const run = Effect.runPromiseWith(yield* Effect.context())
      const ask = authFetch(new URL("https://far.invalid/mcp"), (effect) => run(effect), String, http)
      const refused = (url: string) =>
        Effect.promise(() =>
          ask(url).then(
            () => "answered",
            (error: unknown) => (error instanceof TypeError ? error.message : "another error")
          )
        )
      assert.match(yield* refused("https://login.invalid/token"), /wants a user name and a password \(HTTP 407\)/)
      assert.deepStrictEqual(proxy.asked, ["CONNECT login.invalid:443"])
      for (const host of ["169.254.169.254", "10.0.0.1", "[fd00::1]", "[::ffff:10.0.0.1]"])
        assert.match(yield* refused(`https://${host}/token`), /network, where the server itself is not/)
      // No proxy is used for addresses of this machine, so the server needs another host name.
      assert.match(yield* refused("https://127.0.0.1/token"), /far\.invalid is not known/)
      assert.match(yield* refused("http://login.invalid/token"), /is not https/)
      assert.lengthOf(proxy.asked, 1)
    })
  )

  it.live("a call that has its response is not kept in memory", () =>
    Effect.gen(function* () {
      const server = yield* ordinary
      const program = fileURLToPath(new URL("fixtures/calls.ts", import.meta.url))
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, ["--expose-gc", program, server.url])
      )
      assert.isAtLeast(server.asked.length, 220)
      // The 200 calls have 18 MB in total.
      assert.isBelow(Number(stdout), 4 * 1024 * 1024, "bytes that 200 calls left behind")
    })
  )
})
