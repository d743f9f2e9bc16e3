import type { CallId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import type { SlotCall } from "./DynamicSlots.ts"
import * as ToolFibers from "./ToolFibers.ts"

/** Runs the calls of declared slots side by side, each within its own time. Outcomes come in the order of the calls. */
export const run = <E>(
  calls: ReadonlyArray<SlotCall>,
  tools: ReadonlyArray<ToolDefinition>,
  options: {
    readonly append: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void, E>
    readonly keyOf: (callId: CallId) => string
  }
) =>
  Effect.forEach(
    calls,
    (call) =>
      ToolFibers.run({
        calls: [call],
        tools,
        append: options.append,
        contextOf: ({ callId }) => ({ idempotencyKey: options.keyOf(callId) }),
        timeoutMillis: call.slot.timeoutMillis
      }),
    { concurrency: "unbounded" }
  ).pipe(Effect.map((outcomes) => outcomes.flat()))
