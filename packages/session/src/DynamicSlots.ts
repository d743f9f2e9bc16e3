import { ContextUnresolved } from "@parley/domain/Errors"
import { type DynamicSlot, DynamicContextManager } from "@parley/domain/DynamicContextManager"
import { type CallId, callId, type RoundId } from "@parley/domain/Ids"
import type { DynamicResult } from "@parley/domain/SessionContext"
import { type ToolDefinition, type ToolOutcome, toResult } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import type { Call } from "./ToolFibers.ts"
import type { SessionState } from "./SessionState.ts"

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

const unresolved = (outcome: ToolOutcome, id: CallId): string =>
  toResult(id, outcome)
    .content.flatMap((block) => (block._tag === "Text" ? [block.text] : []))
    .join("\n")

/** The values of the enabled slots, in their order: asked for side by side, as far as their policies want them anew. */
export const resolve = Effect.fnUntraced(function* <E, R>(options: {
  readonly state: SessionState
  readonly roundId: RoundId
  readonly tools: ReadonlyArray<ToolDefinition>
  /** Digest of the files of the context. */
  readonly files: string
  /** Slots to ask again whatever their policy says. */
  readonly refresh: ReadonlyArray<string>
  readonly run: Resolve<E, R>
}) {
  const { files, roundId, run, tools } = options
  const slots = yield* Effect.flatMap(DynamicContextManager, (manager) => manager.slots)
  if (slots.length === 0) return []
  const calls = slots.map((slot, i): SlotCall => ({
    slot,
    callId: callId(roundId, i + 1),
    name: slot.tool,
    input: JSON.stringify(slot.input),
    files
  }))
  const outcomes = yield* run(calls, tools)
  const results: Array<DynamicResult> = []
  for (const [i, outcome] of outcomes.entries()) {
    const call = calls[i]
    if (call === undefined) continue
    const { slot } = call
    const isError = outcome._tag !== "Succeeded"
    const problem = isError ? unresolved(outcome, call.callId) : ""
    if (isError && slot.onFailure === "fail") return yield* new ContextUnresolved({ slot: slot.id, problem })
    const dropped = isError && slot.onFailure === "drop"
    results.push({
      slot: slot.id,
      toolName: slot.tool,
      state: dropped ? "dropped" : isError ? "failed" : "fresh",
      why: isError ? `failed: ${problem}` : "resolved for this round",
      isError,
      result: dropped ? [] : toResult(call.callId, outcome).content
    })
  }
  return results
})
