import { Round } from "@parley/domain/Session"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { answer, apiError } from "@parley/harness/wire"
import { serve } from "@parley/harness/SseServer"
import { place } from "./support/Cli.ts"

const json = { "content-type": "application/json" }

/** A server that is overloaded, then limits, then answers; and when it was asked what. */
const failingTwice = serve(
  { status: 529, headers: json, body: [apiError("overloaded_error")] },
  { status: 429, headers: { ...json, "retry-after": "1" }, body: [apiError("rate_limit_error")] },
  { body: [answer("Here I am.")] }
)

it.live("an overloaded and then rate-limiting provider is retried, and each wait is reported", () =>
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
    const [first, second, third] = server.received
    assert.strictEqual(second?.body, first?.body)
    assert.strictEqual(third?.body, first?.body)
    assert.isAtLeast((third?.at ?? 0) - (second?.at ?? 0), 1000, "the server's own wish is a minimum")
  })
)

it.live("the wait before a retry is shown on a terminal", () =>
  Effect.gen(function* () {
    const server = yield* failingTwice
    const here = yield* place
    here.configure({ model: "anthropic/claude-sonnet-5-5" })
    const env = { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: server.url }
    const ended = yield* here.run(["run", "hello"], { env })
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.strictEqual(ended.stdout, "Here I am.\n")
    assert.match(ended.stderr, /retrying in [12] s: The provider is overloaded/)
    assert.match(ended.stderr, /retrying in [23] s: The provider's rate limit was reached/)
  })
)
