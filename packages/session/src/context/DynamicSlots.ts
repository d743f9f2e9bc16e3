import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type DynamicSlot, DynamicContextManager } from "@parley/domain/DynamicContextManager"
import { callId, type RoundId, type CallId, type CallReference } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { ToolDefinition, ToolOutcome } from "@parley/domain/Tool"
import * as ToolFibers from "../tools/ToolFibers.ts"
import type { Call } from "../tools/ToolFibers.ts"
import type { SessionState } from "../log/SessionState.ts"
import * as SlotPolicy from "./SlotPolicy.ts"
import * as SlotValue from "./SlotValue.ts"
import type { SessionEvent } from "@parley/domain/SessionEvent"

/** The tool call of a slot in a round. */
interface SlotCall extends Call {
  readonly slot: DynamicSlot
  /** Digest of the files of the context. */
  readonly files: string
}

/** Runs the calls of slots: with events in a round, without events for a preview. Outcomes are in the order of the calls. */
export type Resolve<E, R> = (
  calls: ReadonlyArray<SlotCall>,
  tools: ReadonlyArray<ToolDefinition>
) => Effect.Effect<ReadonlyArray<ToolOutcome>, E, R>

/**
 * The values of the enabled slots, in their order. Tools are called concurrently for slots that must be refreshed
 * according to their policies. The others keep the last value in the log and make no call. The number in a call's id is
 * the position of the slot, so it does not depend on which other slots are refreshed.
 */
export const resolve = Effect.fnUntraced(function* <E, R>(options: {
  readonly state: SessionState
  readonly roundId: RoundId
  readonly tools: ReadonlyArray<ToolDefinition>
  /** Digest of the files of the context. */
  readonly files: string
  /** Ids of slots whose tools are called again regardless of their policies; `*` means all. Unknown ids are ignored. */
  readonly refresh: ReadonlyArray<string>
  readonly run: Resolve<E, R>
}) {
  const { files, refresh, roundId, run, state, tools } = options
  const slots = yield* Effect.flatMap(DynamicContextManager, (manager) => manager.slots)
  if (slots.length === 0) return []
  const now = yield* Clock.currentTimeMillis
  // Decide before the calls run, because they change the remembered values.
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

/**
 * The values of the enabled slots in a round whose context is built already, from the log alone: the results of the round's
 * own calls, and the last values of the other slots.
 */
export const built = Effect.fnUntraced(function* (state: SessionState, round: Round) {
  const slots = yield* Effect.flatMap(DynamicContextManager, (manager) => manager.slots)
  const now = yield* Clock.currentTimeMillis
  const values = slots.flatMap((slot, i) => {
    const id = callId(round.id, i + 1)
    const own = round.contextCalls.find((call) => call.callId === id && call.name === slot.tool)
    const memory = SlotPolicy.remembered(state, slot)
    const outcome = own?.outcome ?? memory?.outcome
    const told = own === undefined ? ("kept" as const) : ("fresh" as const)
    const value = { slot, callId: id, why: "as it was when the round began", state: told, memory, now }
    return outcome === undefined ? [] : [SlotValue.of({ ...value, outcome })]
  })
  // A required slot that could not be resolved has failed the round before it could be continued.
  return values.flatMap((value) => (Result.isSuccess(value) ? [value.success] : []))
})

/** Runs the calls of slots concurrently, each with its own timeout. Outcomes are in the order of the calls. */
export const callTools = <E>(
  calls: ReadonlyArray<SlotCall>,
  tools: ReadonlyArray<ToolDefinition>,
  options: {
    readonly append: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void, E>
    readonly round?: Omit<CallReference, "callId">
    readonly idempotencyKey: (callId: CallId) => string
  }
) =>
  Effect.forEach(
    calls,
    (call) =>
      ToolFibers.run({
        calls: [call],
        tools,
        append: options.append,
        round: options.round,
        idempotencyKey: options.idempotencyKey,
        timeoutMillis: call.slot.timeoutMillis
      }),
    { concurrency: "unbounded" }
  ).pipe(Effect.map((outcomes) => outcomes.flat().filter((outcome) => outcome !== undefined)))
