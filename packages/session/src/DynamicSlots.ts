import { type DynamicSlot, DynamicContextManager } from "@parley/domain/DynamicContextManager"
import { callId, type RoundId } from "@parley/domain/Ids"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { ToolDefinition, ToolOutcome } from "@parley/domain/Tool"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Call } from "./ToolFibers.ts"
import type { SessionState } from "./SessionState.ts"
import * as SlotPolicy from "./SlotPolicy.ts"
import * as SlotValue from "./SlotValue.ts"

/** A declared slot as a call of the round. */
export interface SlotCall extends Call {
  readonly slot: DynamicSlot
  /** Digest of the files of the context. */
  readonly files: string
}

/** How the slots' calls are run: journalled within a round, plainly for a preview. Outcomes come in the order of the calls. */
export type Resolve<E, R> = (
  calls: ReadonlyArray<SlotCall>,
  tools: ReadonlyArray<ToolDefinition>
) => Effect.Effect<ReadonlyArray<ToolOutcome>, E, R>

/**
 * The values of the enabled slots, in their order: asked for side by side, as far as their policies want them anew. Those
 * that rest have the value that the log remembers, and make no call. A slot's call has the slot's place as its number, so
 * whether others rest does not change it.
 */
export const resolve = Effect.fnUntraced(function* <E, R>(options: {
  readonly state: SessionState
  readonly roundId: RoundId
  readonly tools: ReadonlyArray<ToolDefinition>
  /** Digest of the files of the context. */
  readonly files: string
  /** Slots to ask again whatever their policy says; `*` is all of them. What is no slot's id says nothing. */
  readonly refresh: ReadonlyArray<string>
  readonly run: Resolve<E, R>
}) {
  const { files, refresh, roundId, run, state, tools } = options
  const slots = yield* Effect.flatMap(DynamicContextManager, (manager) => manager.slots)
  if (slots.length === 0) return []
  const now = yield* Clock.currentTimeMillis
  // What is remembered changes while the calls are run: decided is what it was before.
  const plans = slots.map((slot, i) => {
    const memory = SlotPolicy.remembered(state, slot)
    const call: SlotCall = {
      slot,
      callId: callId(roundId, i + 1),
      name: slot.tool,
      input: SlotPolicy.inputOf(slot),
      files
    }
    return { call, memory, decision: SlotPolicy.decide(slot, memory, { now, files, refresh }) }
  })
  const calls = plans.flatMap(({ call, decision }) => (decision.asks ? [call] : []))
  const outcomes = calls.length === 0 ? [] : yield* run(calls, tools)
  const results: Array<DynamicResult> = []
  for (const { call, decision, memory } of plans) {
    const { asks, why } = decision
    const outcome = asks ? outcomes[calls.indexOf(call)] : memory?.outcome
    if (outcome === undefined) continue
    const { callId, slot } = call
    const state = asks ? "fresh" : "kept"
    results.push(yield* Effect.fromResult(SlotValue.of({ slot, callId, outcome, why, state, memory, now })))
  }
  return results
})
