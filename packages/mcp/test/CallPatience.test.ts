import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeAsking, makePatience } from "../src/requests/CallPatience.ts"

const limits = { silence: Duration.seconds(1), total: Duration.seconds(3) }

it.effect("only the time in which a user is asked does not count", () =>
  Effect.gen(function* () {
    const asking = yield* makeAsking
    const { over } = yield* makePatience(asking, limits)
    const call = yield* Effect.forkChild(over, { startImmediately: true })
    yield* TestClock.adjust(600)
    const question = yield* Effect.forkChild(asking.during(Effect.sleep("1 hour")), { startImmediately: true })
    yield* TestClock.adjust("1 hour")
    yield* Fiber.join(question)
    yield* TestClock.adjust(399)
    assert.isUndefined(call.pollUnsafe())
    yield* TestClock.adjust(1)
    assert.strictEqual(yield* Fiber.join(call), 1000)
  })
)

it.effect("progress restarts the silence limit, but not the total limit of the call", () =>
  Effect.gen(function* () {
    const patience = yield* makePatience(yield* makeAsking, limits)
    const call = yield* Effect.forkChild(patience.over, { startImmediately: true })
    for (let i = 0; i < 4; i++) {
      yield* TestClock.adjust(700)
      assert.isUndefined(call.pollUnsafe())
      patience.progress()
    }
    yield* TestClock.adjust(200)
    assert.strictEqual(yield* Fiber.join(call), 3000)
  })
)
