import { CapReached } from "@parley/domain/Errors"
import { type RoundId, turnId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { ToolOutcome } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import { settle } from "./Closing.ts"
import * as ContextBuilder from "./ContextBuilder.ts"
import { Limits } from "./Limits.ts"
import type { LogError, SessionLog } from "./SessionLog.ts"
import * as ToolFibers from "./ToolFibers.ts"
import * as TurnRunner from "./TurnRunner.ts"

const key = (...path: ReadonlyArray<string>) => ({ idempotencyKey: path.join("/") })

/** Runs the declared slots as calls of the round, each within its own time. */
const journalled =
  (log: SessionLog, roundId: RoundId): ContextBuilder.Resolve<LogError, McpManager> =>
  (calls, tools) =>
    log
      .append(
        calls.map(({ callId, input, name, slot }): SessionEvent => ({
          _tag: "ContextCallRequested",
          roundId,
          callId,
          slot: slot.id,
          name,
          input
        }))
      )
      .pipe(
        Effect.andThen(
          Effect.forEach(
            calls,
            (call) =>
              ToolFibers.run({
                calls: [call],
                tools,
                append: log.append,
                contextOf: ({ callId }) => key(log.id, roundId, "context", callId),
                timeoutMillis: call.slot.timeoutMillis
              }),
            { concurrency: "unbounded" }
          )
        ),
        Effect.map((outcomes): ReadonlyArray<ToolOutcome> => outcomes.flat())
      )

const notRun: { readonly [S in StopReason]?: string } = {
  length: "the answer was cut off at the output limit, so this call may be incomplete. Send it again, shorter"
}

/** Runs an admitted round until the model stops asking for tools. Whoever calls this closes the round. */
export const run = Effect.fn("RoundRunner.run")(function* (options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  readonly model: ModelInfo
}) {
  const { log, model, roundId } = options
  const { state } = log
  const limits = yield* Limits
  const { event } = yield* ContextBuilder.build(state, roundId, journalled(log, roundId))
  yield* log.append([event])

  for (let n = 1; n <= limits.turns; n++) {
    const id = turnId(roundId, n)
    const system = state.baseline?.system ?? ""
    const tools = state.baseline?.tools ?? []
    const { content, stop } = yield* TurnRunner.run({
      log,
      roundId,
      turnId: id,
      request: { model: model.ref, system, tools, messages: state.history.messages() },
      price: model.price
    })
    const calls = content.filter((block) => block._tag === "ToolCall")
    if (stop === "tool-calls" && calls.length > 0) {
      yield* ToolFibers.run({
        calls,
        tools,
        append: log.append,
        contextOf: ({ callId }) => key(log.id, roundId, id, callId)
      })
    } else {
      const reason = notRun[stop] ?? "the turn did not end with tool calls"
      if (calls.length > 0) yield* log.append(calls.map((call) => settle(call.callId, { _tag: "NotExecuted", reason })))
      if (stop !== "pause") return stop
    }
  }
  return yield* new CapReached({ cap: "turns", limit: limits.turns })
})
