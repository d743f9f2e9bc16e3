import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { RetryGate } from "../src/limits/RetryGate.ts"

const reserve = (gate: RetryGate, waits: ReadonlyArray<number>, provider = "p") =>
  Effect.forEach(waits, (wait) => gate.reserve(provider, wait))

describe("the retries of one provider's sessions", () => {
  it.effect("are at least 50 ms apart, and none starts before its wait has passed", () =>
    Effect.gen(function* () {
      const gate = new RetryGate()
      assert.deepStrictEqual(yield* reserve(gate, [1000, 1000, 1000]), [1000, 1050, 1100])
      // Between others there may be room, or only half of it.
      assert.deepStrictEqual(yield* reserve(gate, [500, 980, 1020]), [500, 1150, 1200])
      assert.deepStrictEqual(yield* reserve(gate, [1000], "another"), [1000])
    })
  )

  it.effect("are forgotten when their time has passed", () =>
    Effect.gen(function* () {
      const gate = new RetryGate()
      yield* reserve(gate, [1000, 1000])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* reserve(gate, [0, 500]), [100, 500])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* reserve(gate, [0]), [0])
    })
  )
})
