import type { ResultContent } from "@parley/domain/Content"
import { ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as SlotTrial from "../src/context/SlotTrial.ts"
import { slot } from "./support/slots.ts"

const { after, fails, hangs, says } = ScriptedTools
const image: ResultContent = { _tag: "Image", mediaType: "image/png", data: "AAAA" }

describe("a trial of slots", () => {
  it.effect("calls each tool regardless of its policy, and reports what a model would receive", () =>
    Effect.gen(function* () {
      const [plain, resting, pictured] = yield* SlotTrial.run([
        slot("plain", { input: { path: "." } }),
        slot("resting", { refresh: "demand" }),
        slot("pictured")
      ])
      assert.deepInclude(plain, { state: "fresh", why: "resolved", media: [], millis: 0 })
      assert.include(plain?.text, '{"path":"."}')
      assert.strictEqual(plain?.slot.id, "plain")
      assert.deepStrictEqual(plain?.outcome._tag, "Succeeded")
      assert.include(resting?.text, "rested")
      assert.deepStrictEqual(pictured?.media, ["image/png"])
      assert.include(pictured?.text, "seen")
      for (const { text, tokens } of [plain, resting].flatMap((trial) => trial ?? []))
        assert.approximately(tokens, text.length / 4, 2)
      assert.isAbove(pictured?.tokens ?? 0, (pictured?.text.length ?? 0) / 4, "an image has tokens of its own")
      assert.deepStrictEqual((yield* ScriptedTools.Calls).started.toSorted(), [
        "trial/0/r1c1",
        "trial/0/r1c2",
        "trial/0/r1c3"
      ])
      yield* TestClock.adjust("1 second")
      yield* SlotTrial.run([slot("plain")])
      assert.strictEqual((yield* ScriptedTools.Calls).started.at(-1), "trial/1000/r1c1", "not a call from before")
    }).pipe(
      Effect.provide(
        ScriptedTools.layer({
          plain: ScriptedTools.echo,
          resting: says("rested"),
          pictured: () => Effect.succeed({ isError: false, content: [{ _tag: "Text", text: "seen" }, image] })
        })
      )
    )
  )

  it.effect("reports the result of each failure policy, including one that would fail the round", () =>
    Effect.gen(function* () {
      const trials = yield* SlotTrial.run([
        slot("broken", { onFailure: "note" }),
        slot("broken", { onFailure: "drop" }),
        slot("broken", { onFailure: "stale" }),
        slot("broken", { onFailure: "fail" }),
        slot("missing", { onFailure: "fail" })
      ])
      assert.deepStrictEqual(
        trials.map(({ state, why }) => [state, why]),
        [
          ["failed", "failed: no disk"],
          ["dropped", "left out, as it failed: no disk"],
          ["failed", "failed, and there is no value from before: no disk"],
          ["required", "no disk"],
          ["required", trials[4]?.why ?? ""]
        ]
      )
      assert.include(trials[4]?.why, "missing")
      assert.include(trials[0]?.text, "no disk")
      for (const n of [1, 3]) assert.deepInclude(trials[n], { text: "", tokens: 0, media: [] })
      assert.isTrue(trials.every(({ outcome }) => outcome._tag === "Failed"))
    }).pipe(Effect.provide(ScriptedTools.layer({ broken: fails("no disk") })))
  )

  it.effect("calls them concurrently, each with its own timeout, and reports how long each took", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        SlotTrial.run([slot("slow"), slot("hanging", { timeoutMillis: 700 }), slot("quick")]),
        { startImmediately: true }
      )
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.strictEqual((yield* ScriptedTools.Calls).started.length, 3)
      yield* TestClock.adjust("700 millis")
      const trials = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        trials.map(({ millis, outcome, slot }) => [slot.id, millis, outcome._tag]),
        [
          ["slow", 300, "Succeeded"],
          ["hanging", 700, "Unknown"],
          ["quick", 0, "Succeeded"]
        ]
      )
      assert.include(trials[1]?.why, "no answer within 700 ms")
    }).pipe(
      Effect.provide(ScriptedTools.layer({ slow: after("300 millis", says("s")), hanging: hangs, quick: says("q") }))
    )
  )
})
