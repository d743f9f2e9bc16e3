import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import { answered, asked, client, failed } from "./support/asking.ts"
import { phases } from "./support/phases.ts"
import { raw, web } from "./support/servers.ts"
import { secured } from "./support/tls.ts"
import { inTime } from "@parley/harness/promptly"

const soon = <A, E, R>(effect: Effect.Effect<A, E, R>) => effect.pipe(inTime(25_000))

const program = `import { make } from ${JSON.stringify(new URL("../src/Http.ts", import.meta.url).href)}
const { fetch } = make()
for (const url of process.argv.slice(1)) console.log(await fetch(url).then((response) => response.text()))
const answered = performance.now()
process.on("exit", () => console.log(performance.now() - answered))`

const ran = (env: { readonly [name: string]: string }, ...urls: ReadonlyArray<string>) =>
  Effect.promise(() =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, ...urls], {
      env: { ...process.env, ...env }
    })
  )

describe("timeouts", () => {
  const cases = [
    ["connectMillis", "TLS is agreed on", false, /no connection to 127\.0\.0\.1:\d+ within 0\.2 s/],
    ["connectMillis", "a proxy makes a tunnel", false, /no connection to far\.example within 0\.2 s/],
    ["connectMillis", "TLS is agreed on through a tunnel", false, /no connection to far\.example within 0\.2 s/],
    ["headersMillis", "the answer has not begun", true, /did not begin to answer within 0\.2 s/],
    ["idleMillis", "the answer comes in", true, /stopped in the middle of its answer and sent nothing for 0\.2 s/],
    ["totalMillis", "the answer has not begun", true, /did not complete its answer within 0\.2 s/],
    ["totalMillis", "the answer pours in", true, /did not complete its answer within 0\.2 s/]
  ] as const
  for (const [limit, name, sent, says] of cases)
    it.live(`${limit} applies while ${name}`, () =>
      Effect.gen(function* () {
        const { closed, http, url } = yield* phases[name]
        const error = yield* failed(http.within({ [limit]: 200 }), url).pipe(soon)
        assert.deepInclude(error.reason, { _tag: "TooSlow", limit, millis: 200 })
        assert.strictEqual(error.sent, sent)
        assert.match(error.message, says)
        yield* Deferred.await(closed).pipe(soon)
      })
    )

  it.live("of silence restart when data arrives, but not when an interim response does", () =>
    Effect.gen(function* () {
      const { within } = yield* client()
      const drip = (first: string, piece: string) =>
        raw((socket) => {
          socket.write(first)
          let left = 12
          // @effect-diagnostics-next-line globalTimers:off -- a server's, outside of any Effect
          const timer = setInterval(() => {
            if (left-- > 0) return void socket.write(piece)
            clearInterval(timer)
            socket.end()
          }, 50)
          socket.on("close", () => clearInterval(timer))
        })
      const slow = yield* drip("HTTP/1.1 200 OK\r\n\r\n", "x")
      const { text } = yield* answered(within({ headersMillis: 400, idleMillis: 400 }), slow.url)
      assert.strictEqual(text, "x".repeat(12))
      const interim = yield* drip("", "HTTP/1.1 102 Processing\r\n\r\n")
      const error = yield* failed(within({ headersMillis: 300 }), interim.url)
      assert.deepInclude(error.reason, { _tag: "TooSlow", limit: "headersMillis" })
    })
  )

  it.live("of silence do not run while nobody reads", () =>
    Effect.gen(function* () {
      const { within } = yield* client()
      const server = yield* web((_request, response) => void response.end("x".repeat(1_000_000)))
      const response = yield* Effect.promise(() => within({ idleMillis: 100 })(server.url))
      yield* Effect.sleep("500 millis")
      assert.lengthOf(yield* Effect.promise(() => response.text()), 1_000_000)
    })
  )

  it.live("begin with the request and include redirects", () =>
    Effect.gen(function* () {
      const { within } = yield* client()
      const server = yield* web((_request, response) => {
        // @effect-diagnostics-next-line globalTimers:off -- a server's, outside of any Effect
        setTimeout(() => response.writeHead(307, { location: "/" }).end(), 100)
      })
      const error = yield* failed(within({ totalMillis: 350 }), server.url)
      assert.deepInclude(error.reason, { _tag: "TooSlow", limit: "totalMillis" })
    })
  )
})

describe("connections", () => {
  it.live("are reused for successive requests, and several are opened for concurrent ones", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* web((_request, response) => void response.end("x".repeat(100_000)))
      yield* Effect.replicateEffect(answered(fetch, server.url), 10, { discard: true })
      assert.isBelow(Math.max(...server.seen.map(({ connection }) => connection)), 9)
      yield* Effect.replicateEffect(answered(fetch, server.url), 10, { discard: true, concurrency: "unbounded" })
      assert.lengthOf(server.seen, 20)
    })
  )

  it.live("that have been idle for too long by either clock are not reused", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* web((_request, response) => void response.end("fine"))
      const connection = Effect.map(answered(fetch, server.url), () => server.seen.at(-1)?.connection ?? -1)
      // Repeat until a connection is reused: it becomes free shortly after its response has been read.
      const reused = Effect.gen(function* () {
        for (let before = yield* connection; ;) {
          const next = yield* connection
          if (next === before) return next
          before = next
        }
      })
      const known = () => new Set(server.seen.map(({ connection }) => connection))
      for (const clock of [Date, performance]) {
        yield* reused.pipe(soon)
        const [before, now] = [known(), clock.now.bind(clock)]
        const set = vi.spyOn(clock, "now").mockImplementation(() => now() + 5000)
        const after = yield* connection.pipe(Effect.ensuring(Effect.sync(() => set.mockRestore())))
        assert.isFalse(before.has(after))
      }
    })
  )

  it.live("that are idle do not keep the process alive", () =>
    Effect.gen(function* () {
      const server = yield* web((_request, response) => void response.end("fine"))
      const { stdout } = yield* ran({}, server.url, server.url)
      const [, second = "", left = ""] = stdout.split("\n")
      assert.strictEqual(second, "fine")
      // An idle connection is kept for four seconds.
      assert.isBelow(Number(left), 2000)
    })
  )

  it.live("trust the certificates in NODE_EXTRA_CA_CERTS, and reject untrusted ones", () =>
    Effect.gen(function* () {
      const far = yield* secured
      const url = `https://127.0.0.1:${far.port}/a`
      assert.strictEqual((yield* ran({ NODE_EXTRA_CA_CERTS: far.file }, url)).stdout.split("\n")[0], "GET /a none")
      const { fetch } = yield* client()
      const error = yield* failed(fetch, url)
      assert.strictEqual(error.code, "DEPTH_ZERO_SELF_SIGNED_CERT")
      assert.isFalse(error.sent)
    })
  )

  it.live("that a client closes end their requests, and the client accepts no more requests", () =>
    Effect.gen(function* () {
      const { closed, http, url } = yield* phases["the answer comes in"]
      const response = yield* Effect.promise(() => http.fetch(url))
      http.close()
      yield* Effect.tryPromise(() => response.text()).pipe(Effect.flip, soon)
      yield* Deferred.await(closed).pipe(soon)
      assert.match((yield* failed(http.fetch, url)).message, /has been closed/)
    })
  )

  it.live("go to the addresses that were checked, whatever the host name resolves to", () =>
    Effect.gen(function* () {
      const { fetch, within } = yield* client()
      const server = yield* web((_request, response) => void response.end("fine"))
      const url = server.url.replace("127.0.0.1", "nowhere.invalid")
      const pinned = within({ addresses: [{ address: "127.0.0.1", family: 4 }] })
      assert.strictEqual((yield* answered(pinned, url)).text, "fine")
      assert.strictEqual(server.seen[0]?.headers.host, `nowhere.invalid:${server.port}`)
      assert.match((yield* failed(fetch, url)).message, /ENOTFOUND|EAI_AGAIN/)
    })
  )

  it.live("accept a response that arrives before the whole request has been sent", () =>
    Effect.gen(function* () {
      const { fetch } = yield* client()
      const server = yield* raw((socket) => {
        socket.pause()
        socket.write("HTTP/1.1 413 Too large\r\ncontent-length: 5\r\n\r\nlarge")
      })
      const body = "x".repeat(32 * 1024 * 1024)
      assert.deepInclude(yield* asked(fetch, server.url, { method: "POST", body }), { status: 413, text: "large" })
    })
  )
})
