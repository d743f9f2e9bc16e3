import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { waitWhile } from "../src/requests/Waits.ts"

describe("waiting until a condition no longer holds", () => {
  it.effect("takes no time if it does not hold, and ends soon after it stops holding", () =>
    Effect.gen(function* () {
      yield* waitWhile(() => false, Duration.seconds(1))
      let holds = true
      const waiting = yield* Effect.forkChild(
        waitWhile(() => holds, Duration.seconds(1)),
        { startImmediately: true }
      )
      yield* TestClock.adjust("100 millis")
      assert.isUndefined(waiting.pollUnsafe())
      holds = false
      yield* TestClock.adjust("20 millis")
      yield* Fiber.join(waiting)
    })
  )

  it.effect("takes no longer than the limit", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.forkChild(
        waitWhile(() => true, Duration.seconds(1)),
        { startImmediately: true }
      )
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(waiting)
    })
  )
})
