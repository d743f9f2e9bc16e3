import { ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { inTurn, preview, reasons, slot, withSlots } from "./support/slots.ts"
import { checkInvariants, log, send, watched } from "./World.ts"

const { says } = ScriptedTools

describe("when a slot's tool is called", () => {
  it.effect("a kept value makes no call, and the manifest states its age and validity", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("one")
      assert.strictEqual((yield* reasons)["timed"], "resolved for this round: it has no value yet")
      yield* TestClock.adjust("40 seconds")
      yield* send("two")
      assert.deepStrictEqual(yield* reasons, {
        timed: "kept: resolved in r1, 40 s ago; refreshed every 60 s; the same as shown before, so not sent again",
        plain: "resolved for this round; the same as shown before, so not sent again"
      })
      const second = (yield* log).filter(({ event }) => event._tag === "ContextCallRequested").slice(2)
      assert.deepStrictEqual(
        second.map(({ event }) => (event._tag === "ContextCallRequested" ? [event.slot, event.callId] : [])),
        [["plain", "r2c2"]]
      )
      yield* TestClock.adjust("20 seconds")
      yield* send("three")
      assert.match(
        (yield* reasons)["timed"] ?? "",
        /^resolved for this round: what was resolved in r1, 60 s ago, is kept for 60 s at most/
      )
      assert.deepStrictEqual((yield* ScriptedTools.Calls).started, [
        "session-1/r1/context/r1c1",
        "session-1/r1/context/r1c2",
        "session-1/r2/context/r2c2",
        "session-1/r3/context/r3c1",
        "session-1/r3/context/r3c2"
      ])
      yield* checkInvariants(seen)
    }).pipe(
      withSlots([slot("timed", { refresh: { seconds: 60 } }), slot("plain")], { timed: says("t"), plain: says("p") })
    )
  )

  it.effect("a preview distinguishes kept values from fresh ones", () =>
    Effect.gen(function* () {
      yield* watched
      assert.deepStrictEqual(
        (yield* preview).map(({ slot, state }) => [slot, state]),
        [
          ["timed", "fresh"],
          ["plain", "fresh"]
        ]
      )
      yield* send("one")
      assert.deepStrictEqual(
        (yield* preview).map(({ slot, state }) => [slot, state]),
        [
          ["timed", "kept"],
          ["plain", "fresh"]
        ]
      )
    }).pipe(
      withSlots([slot("timed", { refresh: { seconds: 60 } }), slot("plain")], { timed: says("t"), plain: says("p") })
    )
  )

  it.effect("a value counts as expired if the clock went backwards", () =>
    Effect.gen(function* () {
      yield* watched
      yield* TestClock.setTime(100_000)
      yield* send("one")
      yield* TestClock.setTime(90_000)
      yield* send("two")
      assert.include((yield* reasons)["timed"], "when the clock was ahead of now")
      assert.lengthOf((yield* ScriptedTools.Calls).started, 2)
    }).pipe(withSlots([slot("timed", { refresh: { seconds: 60 } })], { timed: says("t") }))
  )
})

describe("the result of a failure", () => {
  it.effect("each policy has its state and its reason, even if nothing is shown", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("one")
      yield* TestClock.adjust("7 seconds")
      const results = yield* preview
      assert.deepStrictEqual(
        results.map(({ isError, slot, state, why }) => [slot, state, isError, why]),
        [
          ["note", "failed", true, "failed: nothing is left"],
          ["drop", "dropped", true, "left out, as it failed: nothing is left"],
          ["stale", "stale", false, "stale: resolved in r1, 7 s ago, and kept as it failed now: nothing is left"],
          ["never", "failed", true, "failed, and there is no value from before: nothing is left"]
        ]
      )
      assert.deepStrictEqual(results[2]?.result, [{ _tag: "Text", text: "stale 1" }])
    }).pipe(
      withSlots(
        [
          slot("note"),
          slot("drop", { onFailure: "drop" }),
          slot("stale", { onFailure: "stale" }),
          slot("never", { onFailure: "stale" })
        ],
        { note: inTurn("note 1"), drop: inTurn("drop 1"), stale: inTurn("stale 1"), never: inTurn() }
      )
    )
  )

  it.effect("a required slot fails the round with a short message, however long the tool's message is", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(send("one"))
      assert.strictEqual(error._tag, "ContextUnresolved")
      assert.isBelow(error.message.length, 1200)
    }).pipe(
      withSlots([slot("required", { onFailure: "fail" })], { required: ScriptedTools.fails("no ".repeat(10_000)) })
    )
  )
})
