import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { defaultLimits } from "../src/HttpLimits.ts"
import { makeClock } from "../src/internal/Clock.ts"

/** Waits until a clock that was started later than all others, and for longer, is over. */
const later = Effect.callback<void>((resume) => makeClock().start(60, () => resume(Effect.void)))

it("where no limit is stated, connecting has 30 s, silence ten minutes, a body 1 MiB", () => {
  assert.deepStrictEqual(defaultLimits, {
    connectMillis: 30_000,
    headersMillis: 600_000,
    idleMillis: 600_000,
    totalMillis: Infinity,
    bodyBytes: 1_048_576
  })
})

describe("a limit of time", () => {
  it.live("is over once, also where none is left of it", () =>
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

  it.live("that no timer can wait for is none", () =>
    Effect.gen(function* () {
      const overs: Array<number> = []
      for (const millis of [2 ** 31, 2 ** 40, Infinity]) makeClock().start(millis, () => overs.push(millis))
      yield* later
      assert.isEmpty(overs)
    })
  )

  it.live("holds no more once it is stopped, or started with another, even one that never ends", () =>
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

  it.live("that begins again is over later than one that was started after it", () =>
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
