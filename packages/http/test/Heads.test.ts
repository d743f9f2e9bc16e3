import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { answered, client, failed } from "./support/asking.ts"
import { flood, raw, saying, web } from "./support/servers.ts"
import { inTime } from "@parley/harness/promptly"

const fine = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine"

describe("the head of a response", () => {
  it.live("is limited in bytes and in fields, and so are trailers", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const long = yield* raw((socket) => {
        socket.write("HTTP/1.1 200 OK\r\nx: ")
        flood(socket, "y".repeat(64 * 1024))
      })
      assert.deepInclude((yield* failed(fetch, long.url)).reason, { _tag: "TooLarge", limit: "headerBytes" })
      yield* Deferred.await(long.closed).pipe(inTime(10_000))
      const many = (count: number) =>
        saying(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(count)}content-length: 4\r\n\r\nfine`)
      assert.strictEqual((yield* answered(fetch, (yield* many(999)).url)).text, "fine")
      assert.deepInclude((yield* failed(fetch, (yield* many(1001)).url)).reason, { limit: "headerCount", most: 1000 })
      const trailers = yield* raw((socket) => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nx: ")
        flood(socket, "y".repeat(64 * 1024))
      })
      assert.deepInclude((yield* failed(fetch, trailers.url)).reason, { _tag: "TooLarge", limit: "headerBytes" })
      const some = yield* saying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nx: y\r\n\r\n")
      assert.strictEqual((yield* answered(fetch, some.url)).text, "fine")
    })
  )

  it.live("may follow a limited number of interim responses", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      for (const interim of ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"]) {
        assert.strictEqual((yield* answered(fetch, (yield* saying(interim.repeat(20) + fine)).url)).text, "fine")
        const endless = yield* raw((socket) => flood(socket, interim))
        assert.deepInclude((yield* failed(fetch, endless.url)).reason, { limit: "interimAnswers", most: 20 })
        yield* Deferred.await(endless.closed).pipe(inTime(10_000))
      }
      const changed = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
      assert.match((yield* failed(fetch, (yield* saying(changed)).url)).message, /changed the protocol/)
    })
  )

  it.live("that is malformed fails with Malformed, and one that is truncated with Broken", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      for (const bytes of [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 500\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"
      ])
        assert.strictEqual((yield* failed(fetch, (yield* saying(bytes, "end")).url)).reason._tag, "Malformed", bytes)
      for (const bytes of ["", "HTTP/1.1 200 OK\r\nx: y"])
        assert.strictEqual((yield* failed(fetch, (yield* saying(bytes, "end")).url)).reason._tag, "Broken", bytes)
    })
  )

  it.live("is accepted in unusual but valid forms", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const old = yield* saying("HTTP/1.0 200 OK\r\n\r\nfine", "end")
      assert.strictEqual((yield* answered(fetch, old.url)).text, "fine")
      const odd = yield* saying("HTTP/1.1 200 \xe9t\xe9\r\nx: caf\xe9\r\nx: b\r\ncontent-length: 4\r\n\r\nfine")
      assert.strictEqual((yield* answered(fetch, odd.url)).text, "fine")
    })
  )
})

describe("a request", () => {
  it.live("is sent with its content-length and content type, and without the caller's connection headers", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* web((_request, response) => void response.end("ok"))
      const headers = { "x-key": "k", connection: "upgrade", "transfer-encoding": "chunked", host: "other.example" }
      const bodies: ReadonlyArray<readonly [body: NonNullable<RequestInit["body"]>, text: string, type?: string]> = [
        ["text", "text", "text/plain;charset=UTF-8"],
        [new TextEncoder().encode("bytes"), "bytes"],
        [new URLSearchParams({ a: "ü" }), "a=%C3%BC", "application/x-www-form-urlencoded;charset=UTF-8"],
        [new Blob(["blob"], { type: "x/y" }), "blob", "x/y"],
        ["", ""]
      ]
      for (const [body, text, type] of bodies) {
        yield* answered(fetch, `${server.url}a?b=c#d`, { method: "post", body, headers })
        const seen = server.seen.at(-1)
        assert.deepInclude(seen, { method: "POST", url: "/a?b=c", body: text })
        assert.deepInclude(seen?.headers, { "x-key": "k", host: "other.example" })
        assert.strictEqual(seen?.headers["content-length"], String(Buffer.byteLength(text)))
        assert.notProperty(seen?.headers, "transfer-encoding")
        assert.notProperty(seen?.headers, "upgrade")
        if (type !== undefined) assert.strictEqual(seen?.headers["content-type"], type)
      }
      yield* answered((_url, init) => fetch(new Request(server.url, init)), "", { method: "PUT", body: "again" })
      assert.deepInclude(server.seen.at(-1), { method: "PUT", body: "again" })
      yield* answered(fetch, server.url)
      assert.deepInclude(server.seen.at(-1)?.headers, { accept: "*/*", host: `127.0.0.1:${server.port}` })
      assert.notProperty(server.seen.at(-1)?.headers, "content-length")
    })
  )

  it.live("has default accept, accept-encoding and user-agent headers, which the caller can override", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* web((_request, response) => void response.end("ok"))
      yield* answered(fetch, server.url)
      assert.deepInclude(server.seen.at(-1)?.headers, {
        accept: "*/*",
        "accept-encoding": "gzip, deflate, br, zstd",
        "user-agent": "parley"
      })
      const own = { accept: "x/y", "accept-encoding": "identity", "user-agent": "mine" }
      yield* answered(fetch, server.url, { headers: own })
      assert.deepInclude(server.seen.at(-1)?.headers, own)
    })
  )

  it.live("may be a `Request`, whose values apply unless the options override them", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* web(({ url }, response) => {
        if (url === "/away") response.writeHead(307, { location: "/" })
        response.end("ok")
      })
      const aborted = AbortSignal.abort("early")
      const send = (request: Request, init?: RequestInit) => answered((_url, given) => fetch(request, given), "", init)
      const whole = { method: "PUT", body: "sent", headers: { "x-key": "k" } }
      yield* send(new Request(server.url, whole))
      assert.deepInclude(server.seen.at(-1), { method: "PUT", body: "sent" })
      assert.deepInclude(server.seen.at(-1)?.headers, { "x-key": "k" })
      const beside = { method: "POST", body: "other", headers: { "x-other": "o" } }
      yield* send(new Request(server.url, whole), beside)
      assert.deepInclude(server.seen.at(-1), { method: "POST", body: "other" })
      assert.deepInclude(server.seen.at(-1)?.headers, { "x-other": "o" })
      assert.notProperty(server.seen.at(-1)?.headers, "x-key")
      const away = new Request(`${server.url}away`, { redirect: "manual" })
      assert.strictEqual((yield* send(away)).status, 307)
      assert.strictEqual((yield* send(away, { redirect: "follow" })).status, 200)
      const asks = server.seen.length
      const request = new Request(server.url, { signal: aborted })
      const { error } = yield* Effect.flip(
        Effect.tryPromise({ try: () => fetch(request), catch: (error) => ({ error }) })
      )
      assert.deepStrictEqual([error, server.seen.length], ["early", asks])
    })
  )

  it.live("that is invalid is refused with a TypeError, which contains no secrets", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const wrong: ReadonlyArray<readonly [url: string, init?: RequestInit]> = [
        ["ftp://127.0.0.1/"],
        ["file:///etc/passwd"],
        ["data:text/plain,x"],
        ["not an address"],
        ["http://user:canary@127.0.0.1/"],
        ["http://canary@127.0.0.1/"],
        ["http://:canary@127.0.0.1/"],
        ["http://127.0.0.1/", { body: "x" }],
        ["http://127.0.0.1/", { method: "get", body: "x" }],
        ["http://127.0.0.1/", { method: "HEAD", body: "x" }],
        ["http://127.0.0.1/", { method: "CONNECT" }],
        ["http://127.0.0.1/", { method: "trace" }],
        ["http://127.0.0.1/", { method: "GET /" }],
        ["http://127.0.0.1/", { headers: { "x y": "z" } }]
      ]
      for (const [url, init] of wrong) {
        const { error } = yield* Effect.flip(
          Effect.tryPromise({ try: () => fetch(url, init), catch: (error) => ({ error }) })
        )
        assert.instanceOf(error, TypeError, url)
        assert.notInclude(String(error), "canary")
      }
    })
  )
})
