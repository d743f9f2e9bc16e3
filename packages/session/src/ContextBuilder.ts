import { ContextUnresolved } from "@parley/domain/Errors"
import { type DynamicSlot, DynamicContextManager } from "@parley/domain/DynamicContextManager"
import { Environment } from "@parley/domain/Environment"
import { FilesManager } from "@parley/domain/FilesManager"
import { type CallId, callId, type RoundId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { EventOf } from "@parley/domain/SessionEvent"
import { type ToolDefinition, type ToolOutcome, toResult } from "@parley/domain/Tool"
import * as Baseline from "@parley/prompt/Baseline"
import * as RoundPart from "@parley/prompt/RoundPart"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Call } from "./ToolFibers.ts"
import type { SessionState } from "./SessionState.ts"

/** A declared slot as a call of the round. */
export interface SlotCall extends Call {
  readonly slot: DynamicSlot
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

const resolveSlots = Effect.fnUntraced(function* <E, R>(
  roundId: RoundId,
  tools: ReadonlyArray<ToolDefinition>,
  resolve: Resolve<E, R>
) {
  const slots = yield* Effect.flatMap(DynamicContextManager, (manager) => manager.slots)
  if (slots.length === 0) return []
  const calls = slots.map((slot, i): SlotCall => ({
    slot,
    callId: callId(roundId, i + 1),
    name: slot.tool,
    input: JSON.stringify(slot.input)
  }))
  const outcomes = yield* resolve(calls, tools)
  const results: Array<DynamicResult> = []
  for (const [i, outcome] of outcomes.entries()) {
    const call = calls[i]
    if (call === undefined) continue
    const { slot } = call
    const isError = outcome._tag !== "Succeeded"
    if (isError && slot.onFailure === "fail")
      return yield* new ContextUnresolved({ slot: slot.id, problem: unresolved(outcome, call.callId) })
    if (isError && slot.onFailure === "drop") continue
    const result = toResult(call.callId, outcome).content
    results.push({ slot: slot.id, toolName: slot.tool, isError, result })
  }
  return results
})

/**
 * Reads the latest state of every manager and renders it against what the session has already been told. The event it
 * returns is all that a round adds to later requests: appended, it makes them rebuildable from the log alone.
 */
export const build = Effect.fn("ContextBuilder.build")(function* <E, R>(
  state: SessionState,
  roundId: RoundId,
  resolve: Resolve<E, R>
) {
  const prompts = yield* PromptManager
  const mcp = yield* McpManager
  const fileManager = yield* FilesManager
  const environment = yield* Environment
  const [prompt, fileSet, { dynamic, tools }] = yield* Effect.all(
    [
      prompts.prompt,
      fileManager.read,
      mcp.tools.pipe(
        Effect.flatMap((tools) => Effect.map(resolveSlots(roundId, tools, resolve), (dynamic) => ({ dynamic, tools })))
      )
    ],
    { concurrency: "unbounded" }
  )
  const now = yield* Clock.currentTimeMillis
  const { files } = fileSet
  const rendered = Baseline.render({ prompt, tools, environment, files })
  const fresh = state.baseline?.key === rendered.baseline.key ? undefined : rendered.baseline
  const part = RoundPart.render({ prompt, environment, now, shown: fresh?.files ?? state.shown, files, dynamic })
  const event: EventOf<"ContextBuilt"> = {
    _tag: "ContextBuilt",
    roundId,
    ...(fresh === undefined ? {} : { baseline: fresh }),
    roundPart: part.blocks,
    files: part.files,
    manifest: [...(fresh === undefined ? [] : rendered.segments), ...part.segments]
  }
  return { event, prompt, files, skipped: fileSet.skipped, dynamic, tools, baselineSegments: rendered.segments }
})
