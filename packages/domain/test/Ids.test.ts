import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { callId, roundId, SessionIds, turnId } from "../src/Ids.ts"

const idAt = Effect.fnUntraced(function* (millis: number) {
  yield* TestClock.setTime(millis)
  return yield* Effect.flatten(SessionIds)
})

describe("ids", () => {
  it.effect("session ids sort by creation time", () =>
    Effect.gen(function* () {
      const times = [0, 31, 32, 1023, 1024, 32 ** 5 - 1, 32 ** 5, 1_760_000_000_000, 1_760_000_000_001]
      const ids = yield* Effect.forEach(times, idAt)
      assert.deepStrictEqual(ids.toSorted(), ids)
      const stamps = ids.map((id) => id.slice(4, 13))
      assert.deepStrictEqual(stamps.slice(0, 5), ["000000000", "00000000z", "000000010", "0000000zz", "000000100"])
      for (const id of ids) assert.match(id, /^ses_[0-9a-hjkmnp-tv-z]{24}$/)
    })
  )

  it.effect("sessions created at the same time have ids that differ in each random part", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.forEach(
        Array.from({ length: 200 }, () => 5),
        idAt
      )
      assert.strictEqual(new Set(ids).size, ids.length)
      for (const from of [13, 18, 23])
        assert.isAbove(new Set(ids.map((id) => id.slice(from, from + 5))).size, 190, `from ${from}`)
    })
  )

  it("the id of a call contains that of its turn or round, and the id of a turn that of its round", () => {
    assert.strictEqual(callId(turnId(roundId(2), 3), 4), "r2t3c4")
    assert.strictEqual(callId(roundId(2), 1), "r2c1")
  })
})
