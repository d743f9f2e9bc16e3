import { textOf } from "@parley/domain/Content"
import type { DynamicSlot } from "@parley/domain/DynamicContextManager"
import { callId, roundId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { ToolOutcome } from "@parley/domain/Tool"
import * as Dynamic from "@parley/prompt/Dynamic"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as DynamicSlots from "./DynamicSlots.ts"
import { inputOf } from "./SlotPolicy.ts"
import * as SlotValue from "./SlotValue.ts"

/**
 * The result of trying one slot.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trial {
  readonly slot: DynamicSlot
  /** `required`: the call failed, and a round would fail because of it. */
  readonly state: DynamicResult["state"] | "required"
  readonly why: string
  readonly outcome: ToolOutcome
  readonly millis: number
  /** Estimated tokens of `text`, images and documents. */
  readonly tokens: number
  /** The text that the model would receive. */
  readonly text: string
  /** Media types of the images and documents that the model would receive. */
  readonly media: ReadonlyArray<string>
}

/**
 * Calls the tools of slots now, regardless of their `refresh` policies, as a round in a session without values would:
 * concurrently, each with its own timeout. Stores nothing.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fn("SlotTrial.run")(function* (slots: ReadonlyArray<DynamicSlot>) {
  const { tools } = yield* McpManager
  const definitions = yield* tools
  const now = yield* Clock.currentTimeMillis
  const one = Effect.fnUntraced(function* (slot: DynamicSlot, i: number) {
    const id = callId(roundId(1), i + 1)
    const call = { slot, callId: id, name: slot.tool, input: inputOf(slot), files: "" }
    const [took, outcomes] = yield* Effect.timed(
      // The time makes the idempotency keys of each trial unique.
      DynamicSlots.callTools([call], definitions, {
        append: () => Effect.void,
        idempotencyKey: (id) => `trial/${now}/${id}`
      })
    )
    const [outcome = { _tag: "NotExecuted" as const, reason: "it was not run" }] = outcomes
    const value = SlotValue.of({
      slot,
      callId: id,
      outcome,
      why: "resolved",
      state: "fresh",
      memory: undefined,
      now
    })
    const millis = Duration.toMillis(took)
    if (Result.isFailure(value)) {
      const { problem } = value.failure
      return { slot, state: "required", why: problem, outcome, millis, tokens: 0, text: "", media: [] } satisfies Trial
    }
    const { blocks, segments } = Dynamic.render([value.success], {})
    const trial: Trial = {
      slot,
      state: value.success.state,
      why: value.success.why,
      outcome,
      millis,
      tokens: segments.reduce((sum, { tokens }) => sum + tokens, 0),
      text: textOf(blocks),
      media: blocks.flatMap((block) => (block._tag === "Text" ? [] : [block.mediaType]))
    }
    return trial
  })
  return yield* Effect.forEach(slots, one, { concurrency: "unbounded" })
})
