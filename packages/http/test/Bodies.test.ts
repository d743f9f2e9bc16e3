import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { MiB } from "../src/contract/HttpLimits.ts"
import { answered, client, failed } from "./support/asking.ts"
import { flood, raw, saying, web } from "./support/servers.ts"
import { inTime } from "@parley/harness/promptly"

const head = (...lines: ReadonlyArray<string>) => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n")
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

const encodings: ReadonlyArray<readonly [name: string, encode: (data: Buffer) => Buffer]> = [
  ["gzip", (data) => zlib.gzipSync(data)],
  ["x-gzip", (data) => zlib.gzipSync(data)],
  ["GZIP", (data) => zlib.gzipSync(data)],
  ["deflate", (data) => zlib.deflateSync(data)],
  ["deflate", (data) => zlib.deflateRawSync(data)],
  ["br", (data) => zlib.brotliCompressSync(data)],
  ["zstd", (data) => zlib.zstdCompressSync(data)],
  ["identity", (data) => data],
  ["gzip, br", (data) => zlib.brotliCompressSync(zlib.gzipSync(data))],
  ["deflate, gzip", (data) => zlib.gzipSync(zlib.deflateSync(data))]
]

/** Writes encoded zeros endlessly, for as long as they are read. */
const bomb = (encoding: string, status = 200) =>
  web((_request, response) => {
    response.writeHead(status, { "content-type": "application/json", "content-encoding": encoding })
    const encoder =
      encoding === "br"
        ? zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })
        : encoding === "zstd"
          ? zlib.createZstdCompress()
          : encoding === "deflate"
            ? zlib.createDeflate({ level: 1 })
            : zlib.createGzip({ level: 1 })
    encoder.pipe(response)
    response.on("close", () => encoder.destroy())
    const zeros = Buffer.alloc(MiB, 120)
    const more = (): void => {
      while (!encoder.destroyed && encoder.write(zeros));
      if (!encoder.destroyed) encoder.once("drain", more)
    }
    more()
  })

describe("the body of a response", () => {
  it.live("is decoded for every supported encoding, and also when it is empty", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const text = "Grüße ".repeat(10_000)
      for (const [name, encode] of encodings)
        for (const whole of [text, ""]) {
          const { url } = yield* web((_request, response) => {
            response.writeHead(200, { "content-encoding": name }).end(encode(Buffer.from(whole)))
          })
          assert.strictEqual((yield* answered(fetch, url)).text, whole, name)
        }
      const { url } = yield* web((_request, response) => {
        response.writeHead(200, { "content-encoding": "gzip", "content-length": 0 }).end()
      })
      assert.strictEqual((yield* answered(fetch, url)).text, "")
    })
  )

  it.live("of several gzip members is read completely, and bytes after it are ignored", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const [a, b] = [zlib.gzipSync("one "), zlib.gzipSync("two")]
      const two = yield* web((_request, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(Buffer.concat([a, b]))
      })
      assert.strictEqual((yield* answered(fetch, two.url)).text, "one two")
      for (const [name, whole] of [
        ["gzip", a],
        ["br", zlib.brotliCompressSync("one ")],
        ["zstd", zlib.zstdCompressSync("one ")]
      ] as const) {
        const more = yield* raw((socket) => {
          socket.write(head(`content-encoding: ${name}`))
          socket.write(whole)
          flood(socket, Buffer.alloc(64 * 1024, 7))
        })
        // The decoder decides whether this is an error; the body ends in any case.
        yield* Effect.exit(answered(fetch, more.url))
        yield* Deferred.await(more.closed).pipe(inTime(10_000))
      }
    })
  )

  it.live("that does not match its declared encoding fails with an error that names the encoding", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const whole = zlib.gzipSync("x".repeat(100_000))
      const wrong: ReadonlyArray<readonly [encoding: string, body: Buffer, says: RegExp]> = [
        ["gzip", Buffer.from("plain text"), /not encoded as gzip: incorrect header check/],
        ["gzip", whole.subarray(0, -20), /not encoded as gzip: unexpected end of file/],
        ["br", Buffer.from("plain text"), /not encoded as br/],
        ["zstd", Buffer.from("plain text"), /not encoded as zstd/],
        ["deflate", Buffer.from("plain text"), /not encoded as deflate/],
        ["rot13", Buffer.from("plain text"), /its encoding is not known: rot13/],
        ["constructor", Buffer.from("plain text"), /its encoding is not known/],
        ["gzip, gzip, gzip, gzip", Buffer.from("plain text"), /encoded 4 times/]
      ]
      for (const [encoding, body, says] of wrong) {
        const { url } = yield* web((_request, response) => {
          response.writeHead(200, { "content-encoding": encoding }).end(body)
        })
        const error = yield* failed(fetch, url)
        assert.strictEqual(error.reason._tag, "Malformed", encoding)
        assert.match(error.message, says)
      }
    })
  )

  it.live("is read up to its limit, and then the connection is closed", () =>
    Effect.gen(function* () {
      const { fetch, within } = yield* client()
      const endless = (start: string) =>
        raw((socket) => {
          socket.write(start)
          flood(socket, start.includes("chunked") ? chunk("y".repeat(16 * 1024)) : "y".repeat(16 * 1024))
        })
      for (const start of [
        head("content-type: application/json"),
        head("transfer-encoding: chunked"),
        head(`content-length: ${2 ** 40}`),
        head("content-type: text/event-streams"),
        head().replace("200 OK", "500 Oops"),
        head("content-type: text/event-stream").replace("200 OK", "529 Busy")
      ]) {
        const server = yield* endless(start)
        const { message, reason } = yield* failed(fetch, server.url)
        assert.deepInclude(reason, { _tag: "TooLarge", limit: "bodyBytes", most: MiB, beginning: "y".repeat(200) })
        assert.match(message, /is larger than 1 MiB and was not read to its end; it begins: yyy/)
        yield* Deferred.await(server.closed).pipe(inTime(10_000))
      }
      const exact = yield* web((_request, response) => void response.end("z".repeat(1000)))
      assert.lengthOf((yield* answered(within({ bodyBytes: 1000 }), exact.url)).text, 1000)
      assert.strictEqual((yield* failed(within({ bodyBytes: 999 }), exact.url)).reason._tag, "TooLarge")
      // A larger limit applies only to responses with a success status.
      const refusal = yield* endless(head().replace("200 OK", "400 No"))
      assert.deepInclude((yield* failed(within({ bodyBytes: 64 * MiB }), refusal.url)).reason, { most: MiB })
    })
  )

  for (const encoding of ["gzip", "deflate", "br", "zstd"])
    it.live(`is limited by its decoded size: ${encoding}`, () =>
      Effect.gen(function* () {
        const { fetch } = yield* client()
        for (const status of [200, 500]) {
          const { url } = yield* bomb(encoding, status)
          const before = process.memoryUsage().rss
          const error = yield* failed(fetch, url)
          assert.deepInclude(error.reason, { _tag: "TooLarge", most: MiB })
          assert.isBelow(process.memoryUsage().rss - before, 200 * MiB)
        }
      })
    )

  it.live("that is truncated fails", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      for (const start of [
        `${head("content-length: 100")}only this`,
        `${head("transfer-encoding: chunked")}${chunk("only this")}`,
        `${head("transfer-encoding: chunked")}20\r\nonly`
      ])
        for (const last of ["end", "cut"] as const) {
          const error = yield* failed(fetch, (yield* saying(start, last)).url)
          assert.strictEqual(error.reason._tag, "Broken", start)
          assert.isTrue(error.sent)
        }
      // A body without a length ends with its connection.
      assert.strictEqual((yield* answered(fetch, (yield* saying(`${head()}all`, "end")).url)).text, "all")
      const malformed = yield* failed(fetch, (yield* saying(`${head("transfer-encoding: chunked")}zz\r\n`)).url)
      assert.strictEqual(malformed.reason._tag, "Malformed")
    })
  )

  it.live("that is longer than its content-length is cut, and the excess is not read as another response", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const smuggled = `${head("content-length: 4")}true${head("content-length: 5")}false`
      const server = yield* saying(smuggled)
      for (let i = 0; i < 3; i++) assert.strictEqual((yield* answered(fetch, server.url)).text, "true")
    })
  )

  it.live("is not read for responses that cannot have one", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      for (const status of ["204 No Content", "304 Not Modified"]) {
        const server = yield* saying(`${head("content-length: 9").replace("200 OK", status)}unwanted!`)
        assert.strictEqual((yield* answered(fetch, server.url)).text, "")
        assert.strictEqual((yield* answered(fetch, server.url)).text, "")
      }
      const server = yield* web((_request, response) => {
        response.writeHead(200, { "content-length": 1000, "content-encoding": "gzip" }).end()
      })
      const { headers, text } = yield* answered(fetch, server.url, { method: "HEAD" })
      assert.deepStrictEqual([text, headers.get("content-length")], ["", "1000"])
    })
  )

  it.live("of an event stream has no size limit", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const piece = `data: ${"x".repeat(1000)}\n\n`
      const { url } = yield* web((_request, response) => {
        response.writeHead(200, { "content-type": "Text/Event-Stream; charset=utf-8" }).end(piece.repeat(3000))
      })
      assert.lengthOf((yield* answered(fetch, url)).text, piece.length * 3000)
    })
  )

  it.live("is not buffered far ahead of its reader", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      let sent = 0
      const server = yield* raw((socket) => {
        socket.write(head("content-type: text/event-stream"))
        const more = (): void => {
          while (!socket.destroyed && socket.write("z".repeat(64 * 1024))) sent++
          socket.once("drain", more)
        }
        more()
      })
      const response = yield* Effect.promise(() => fetch(server.url))
      // Wait until nothing is transferred any more.
      let before = -1
      const moves = Effect.suspend(() => {
        const moved = sent !== before && sent * 64 * 1024 < 64 * MiB
        before = sent
        return Effect.as(Effect.sleep("200 millis"), moved)
      })
      yield* Effect.repeat(moves, { while: (moved) => moved })
      assert.isBelow(sent * 64 * 1024, 32 * MiB)
      yield* Effect.promise(() => response.body?.cancel() ?? Promise.resolve())
      yield* Deferred.await(server.closed).pipe(inTime(10_000))
    })
  )

  it.live("is passed on as it arrives, even if it is encoded", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const encoders = {
        gzip: () => zlib.createGzip(),
        deflate: () => zlib.createDeflate(),
        br: () => zlib.createBrotliCompress(),
        zstd: () => zlib.createZstdCompress()
      }
      for (const [name, make] of Object.entries(encoders)) {
        const { url } = yield* web((_request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": name })
          const encoder = make()
          encoder.pipe(response)
          encoder.write("data: first\n\n")
          encoder.flush()
        })
        const response = yield* Effect.promise(() => fetch(url))
        const reader = response.body?.getReader()
        const read = yield* Effect.promise(() => reader?.read() ?? Promise.reject(new Error("no body"))).pipe(
          inTime(10_000)
        )
        assert.strictEqual(new TextDecoder().decode(read.value), "data: first\n\n", name)
        yield* Effect.promise(() => reader?.cancel() ?? Promise.resolve())
      }
    })
  )
})
