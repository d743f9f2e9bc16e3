import { assert, it } from "@effect/vitest"
import { ContextTooLarge } from "@parley/domain/Errors"
import { CallId, RoundId, SessionId } from "@parley/domain/Ids"
import { Recovered } from "@parley/session/Recovery"
import { messageOf } from "../src/Advice.ts"
import * as Closed from "../src/Closed.ts"
import { UsageError } from "../src/ExitCode.ts"

const tooLarge = (servers?: ConstructorParameters<typeof ContextTooLarge>[0]["servers"]) =>
  new ContextTooLarge({ tokens: 9, limit: 5, problem: "it is so", ...(servers === undefined ? {} : { servers }) })

it("a request that tools make too large is answered with the server that takes most, and never with our own", () => {
  const sizes = ["workspace", "big", "small"].map((server, i) => ({ server, tools: 1, tokens: 90 - i }))
  assert.match(messageOf(tooLarge(sizes)), /`parley mcp disable big` switches that server off/)
  assert.strictEqual(messageOf(tooLarge(sizes.slice(0, 1))), tooLarge().message)
  assert.strictEqual(messageOf(tooLarge()), tooLarge().message)
  assert.strictEqual(messageOf(new UsageError({ problem: "no" })), "no")
})

it("a round that recovery closed says what may have happened, and what did not", () => {
  const calls = ["a", "b"].map((name) => ({ callId: CallId.make(`c-${name}`), name }))
  const words = (unknown: typeof calls, notExecuted: typeof calls) =>
    Closed.words(
      Recovered.cases.Closed.make({ sessionId: SessionId.make("s"), roundId: RoundId.make("r2"), unknown, notExecuted })
    )
  const closed = "closed r2, which its process had left open"
  assert.strictEqual(words([], []), closed)
  assert.strictEqual(words(calls, []), `${closed}; may have taken effect: a (c-a), b (c-b)`)
  assert.strictEqual(words([], calls.slice(1)), `${closed}; never ran: b (c-b)`)
})
