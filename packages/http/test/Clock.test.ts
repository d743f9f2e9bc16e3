import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { defaultLimits } from "../src/contract/HttpLimits.ts"
import { makeClock } from "../src/connection/Clock.ts"

/** Waits for a timeout that is started after all others, and is longer than they are. */
const later = Effect.callback<void>((resume) => makeClock().start(60, () => resume(Effect.void)))

it("the default limits are 30 s to connect, ten minutes of silence and a body of 1 MiB", () => {
  assert.deepStrictEqual(defaultLimits, {
    connectMillis: 30_000,
    headersMillis: 600_000,
    idleMillis: 600_000,
    totalMillis: Infinity,
    bodyBytes: 1_048_576
  })
})

describe("a timeout", () => {
  it.live("fires once, also if no time is left", () =>
    Effect.gen(function* () {
      const overs: Array<number> = []
      for (const millis of [10, 0, -10]) makeClock().start(millis, () => overs.push(millis))
      yield* later
      assert.deepStrictEqual(
        overs.toSorted((left, right) => left - right),
        [-10, 0, 10]
      )
    })
  )

  it.live("that is longer than a timer supports never fires", () =>
    Effect.gen(function* () {
      const overs: Array<number> = []
      for (const millis of [2 ** 31, 2 ** 40, Infinity]) makeClock().start(millis, () => overs.push(millis))
      yield* later
      assert.isEmpty(overs)
    })
  )

  it.live("does not fire after it was stopped or restarted with another duration, even an infinite one", () =>
    Effect.gen(function* () {
      const overs: Array<string> = []
      const [stopped, again, endless] = [makeClock(), makeClock(), makeClock()]
      stopped.start(20, () => overs.push("stopped"))
      stopped.stop()
      stopped.again()
      again.start(20, () => overs.push("first"))
      again.start(20, () => overs.push("second"))
      endless.start(20, () => overs.push("before"))
      endless.start(Infinity, () => overs.push("endless"))
      yield* later
      assert.deepStrictEqual(overs, ["second"])
    })
  )

  it.live("that is restarted fires later than one that was started after it", () =>
    Effect.gen(function* () {
      const overs: Array<string> = []
      const [first, second] = [makeClock(), makeClock()]
      first.start(40, () => overs.push("first"))
      second.start(40, () => overs.push("second"))
      first.again()
      yield* later
      assert.deepStrictEqual(overs, ["second", "first"])
    })
  )
})
