import type { ResultContent } from "@parley/domain/Content"
import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { maxMedia } from "../src/context/SlotValue.ts"
import { answer, preview, reasons, slot, withSlots } from "./support/slots.ts"
import { checkInvariants, log, send, until, watched, witness } from "./World.ts"

const { says } = ScriptedTools

describe("the size of a slot's value", () => {
  it.effect("4096 tokens of text by default, and the manifest states what is left out", () =>
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
  const pictures = (...sizes: ReadonlyArray<number>) =>
    withSlots([slot("pictures")], {
      pictures: () => Effect.succeed({ isError: false, content: sizes.map(image) })
    })
  const shown = Effect.map(preview, ([pictures]) =>
    pictures?.result.map((block) => (block._tag === "Text" ? block.text : block.data.length))
  )

  it.effect("images up to a total size, and one note instead of the others", () =>
    Effect.gen(function* () {
      yield* watched
      const note =
        "2 of its 4 images and documents are left out, 28 base64 characters: a slot may have 20, of 2097152 together"
      assert.deepStrictEqual(yield* shown, [`[${note}]`, maxMedia.characters - 8, 8])
      assert.include((yield* preview)[0]?.why, `; ${note}`)
    }).pipe(pictures(maxMedia.characters - 8, 12, 8, 16))
  )

  it.effect("a limited number of images", () =>
    Effect.gen(function* () {
      yield* watched
      const [note, ...rest] = (yield* shown) ?? []
      assert.match(String(note), /^\[5 of its 25 images and documents are left out, 20 base64/)
      assert.lengthOf(rest, 20)
    }).pipe(pictures(...Array.from({ length: 25 }, () => 4)))
  )
})

describe("time", () => {
  it.effect("slots are called concurrently, each with its own timeout", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const started = yield* Clock.currentTimeMillis
      const round = yield* Effect.forkChild(send("one"), { startImmediately: true })
      yield* until("ToolStarted")
      yield* TestClock.adjust("200 millis")
      yield* until("ToolSettled")
      assert.isFalse((yield* log).some(({ event }) => event._tag === "ContextBuilt"))
      yield* TestClock.adjust("300 millis")
      // Not joined, which would only wait: it has to be over by now.
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.isDefined(round.pollUnsafe(), "the round waits for a slot whose time is over")
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
          Layer.provideMerge(witness),
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
