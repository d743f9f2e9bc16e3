import { createServer } from "node:http"
import { Round } from "@parley/domain/Session"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"

const events = (...all: ReadonlyArray<{ readonly type: string; readonly [key: string]: unknown }>) =>
  all.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")

const ok = events(
  {
    type: "message_start",
    message: {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude-sonnet-5-5",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 1 }
    }
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Here I am." } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 4 } },
  { type: "message_stop" }
)
const error = (type: string) => JSON.stringify({ type: "error", error: { type, message: "scripted" } })

/** A server that is overloaded, then limits, then answers; and when it was asked what. */
const failingTwice = Effect.acquireRelease(
  Effect.callback<{
    readonly url: string
    readonly asked: ReadonlyArray<{ readonly at: number; readonly body: string }>
    readonly close: () => void
  }>((resume) => {
    const asked: Array<{ at: number; body: string }> = []
    const server = createServer((incoming, outgoing) => {
      let body = ""
      incoming.setEncoding("utf8").on("data", (piece: string) => (body += piece))
      incoming.on("end", () => {
        asked.push({ at: performance.now(), body })
        if (asked.length === 1)
          outgoing.writeHead(529, { "content-type": "application/json" }).end(error("overloaded_error"))
        else if (asked.length === 2)
          outgoing
            .writeHead(429, { "content-type": "application/json", "retry-after": "1" })
            .end(error("rate_limit_error"))
        else outgoing.writeHead(200, { "content-type": "text/event-stream" }).end(ok)
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const close = () => {
        server.closeAllConnections()
        server.close()
      }
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, asked, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

it.live(
  "a provider that is overloaded and then limits is asked again, and says so while it waits",
  () =>
    Effect.gen(function* () {
      const server = yield* failingTwice
      const here = yield* place
      here.configure({ model: "anthropic/claude-sonnet-5-5" })
      const env = { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: server.url }
      const ended = yield* here.run(["run", "hello", "--format", "json"], { env })
      assert.strictEqual(ended.code, 0, ended.stderr)
      const round = yield* Schema.decodeEffect(Schema.fromJsonString(Round))(ended.stdout)
      assert.strictEqual(round.status, "completed")
      assert.deepStrictEqual(
        round.turns.map(({ failure, id, status }) => [id, status, failure?.reason]),
        [
          ["r1t1", "failed", "Overloaded"],
          ["r1t2", "failed", "RateLimited"],
          ["r1t3", "completed", undefined]
        ]
      )
      const [first, second, third] = server.asked
      assert.strictEqual(second?.body, first?.body)
      assert.strictEqual(third?.body, first?.body)
      assert.isAtLeast((third?.at ?? 0) - (second?.at ?? 0), 1000, "the server's own wish is a minimum")
    }),
  60_000
)

it.live(
  "a person sees what is waited for",
  () =>
    Effect.gen(function* () {
      const server = yield* failingTwice
      const here = yield* place
      here.configure({ model: "anthropic/claude-sonnet-5-5" })
      const env = { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: server.url }
      const ended = yield* here.run(["run", "hello"], { env })
      assert.strictEqual(ended.code, 0, ended.stderr)
      assert.strictEqual(ended.stdout, "Here I am.\n")
      assert.match(ended.stderr, /retrying in [12] s: The provider is overloaded/)
      assert.match(ended.stderr, /retrying in [23] s: The provider limits how often it may be asked/)
    }),
  60_000
)
