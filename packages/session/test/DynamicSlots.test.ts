import type { ResultContent } from "@parley/domain/Content"
import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import type { DynamicSlot } from "@parley/domain/DynamicContextManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SessionCoordinator } from "../src/SessionCoordinator.ts"
import { maxMedia } from "../src/SlotValue.ts"
import { checkInvariants, log, send, sessionId, until, watched, world } from "./World.ts"

const { finish, text } = Chunks
const { says } = ScriptedTools
const answer = ScriptedModel.turn(text(0, "Done."), [finish()])
const slot = (id: string, more: Partial<DynamicSlot> = {}): DynamicSlot => ({
  id,
  tool: id,
  input: {},
  timeoutMillis: 1000,
  onFailure: "note",
  ...more
})

const withSlots = (
  slots: ReadonlyArray<DynamicSlot>,
  tools: { readonly [name: string]: ScriptedTools.Behaviour },
  rounds = 3
) => Effect.provide(world(Array(rounds).fill(answer), tools, DynamicContextManager.layerMemory(slots)))

/** The manifest of the latest round, by slot: why each is there, or is not. */
const reasons = Effect.map(log, (entries) =>
  Object.fromEntries(
    entries
      .flatMap(({ event }) => (event._tag === "ContextBuilt" ? [event.manifest] : []))
      .at(-1)
      ?.filter(({ source }) => source.startsWith("dynamic:"))
      .map(({ source, why }) => [source.slice("dynamic:".length), why]) ?? []
  )
)

const preview = Effect.map(
  SessionCoordinator.use((coordinator) => coordinator.buildContext(sessionId)),
  ({ dynamicContext }) => dynamicContext
)

/** A tool that gives each of these once, and then fails. */
const inTurn = (...words: ReadonlyArray<string>): ScriptedTools.Behaviour => {
  const left = [...words]
  return (input) =>
    Effect.suspend(() => {
      const next = left.shift()
      return (next === undefined ? ScriptedTools.fails("nothing is left") : says(next))(input)
    })
}

describe("when a slot is asked", () => {
  it.effect("a value that is kept makes no call, and the manifest says since when and until when", () =>
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
        /^resolved for this round: what was resolved in r1, 60 s ago, is older/
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

  it.effect("a clock that went backwards makes a value old", () =>
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

describe("what a failure leaves", () => {
  it.effect("each policy has its state and its reason, also where nothing is shown", () =>
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

  it.effect("one that is required fails the round in a word, however much the tool says", () =>
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

describe("how much of a value is shown", () => {
  it.effect("4096 tokens of text where nothing else is said, and the manifest says what is left out", () =>
    Effect.gen(function* () {
      yield* watched
      const [plain, small] = yield* preview
      const words = plain?.result.map((block) => (block._tag === "Text" ? block.text : "")).join("") ?? ""
      assert.match(words, /^a+\n\[… 3616 of 20000 bytes are left out here …\]\na+$/)
      assert.include(plain?.why, "; 3616 bytes of its text are left out, as it may have 16384")
      assert.deepStrictEqual(small?.result, [{ _tag: "Text", text: "fits" }])
    }).pipe(
      withSlots([slot("plain"), slot("small", { maxTokens: 1 })], {
        plain: says("a".repeat(20_000)),
        small: says("fits")
      })
    )
  )

  const image = (size: number): ResultContent => ({ _tag: "Image", mediaType: "image/png", data: "A".repeat(size) })
  it.effect("images as far as they are small enough together, and a note in place of the others", () =>
    Effect.gen(function* () {
      yield* watched
      const [pictures] = yield* preview
      assert.deepStrictEqual(
        pictures?.result.map((block) => (block._tag === "Text" ? block.text : block.data.length)),
        [maxMedia - 8, `\n[an image of 12 base64 characters is left out: a slot may have ${maxMedia}]`, 8]
      )
      assert.include(pictures?.why, "an image of 12 base64 characters is left out")
    }).pipe(
      withSlots([slot("pictures")], {
        pictures: () => Effect.succeed({ isError: false, content: [image(maxMedia - 8), image(12), image(8)] })
      })
    )
  )
})

describe("time", () => {
  it.effect("slots are asked side by side, each within its own time", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const started = yield* Clock.currentTimeMillis
      const round = yield* Effect.forkChild(send("one"), { startImmediately: true })
      yield* until("ToolStarted")
      yield* TestClock.adjust("200 millis")
      yield* until("ToolSettled")
      assert.isFalse((yield* log).some(({ event }) => event._tag === "ContextBuilt"))
      yield* TestClock.adjust("300 millis")
      yield* Fiber.join(round)
      assert.strictEqual((yield* Clock.currentTimeMillis) - started, 500)
      const settled = (yield* log).filter(({ event }) => event._tag === "ToolSettled")
      assert.deepStrictEqual(
        settled.map(({ at }) => at - started),
        [0, 200, 300, 500]
      )
      assert.strictEqual((yield* ScriptedTools.Calls).most, 3, "those that take time, all at once")
      assert.deepStrictEqual(yield* reasons, {
        quick: "resolved for this round",
        slow: "resolved for this round",
        hangs:
          "failed: Outcome unknown: no answer within 200 ms. It may have taken effect; verify before repeating it.",
        repeatable: "failed: Outcome unknown: no answer within 500 ms. It is safe to repeat."
      })
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        SessionCoordinator.layer.pipe(
          Layer.provideMerge([
            ScriptedModel.layer([answer]),
            ScriptedTools.layer(
              {
                quick: says("q"),
                slow: ScriptedTools.after("300 millis", says("s")),
                hangs: ScriptedTools.hangs,
                repeatable: ScriptedTools.after("300 millis", ScriptedTools.lost)
              },
              { idempotent: ["repeatable"] }
            ),
            SessionManager.layerMemory,
            PromptManager.layerMemory()
          ]),
          Layer.provide(
            DynamicContextManager.layerMemory([
              slot("quick"),
              slot("slow"),
              slot("hangs", { timeoutMillis: 200 }),
              slot("repeatable", { timeoutMillis: 500 })
            ])
          )
        )
      )
    )
  )
})
