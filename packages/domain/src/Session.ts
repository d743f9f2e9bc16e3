import * as Schema from "effect/Schema"
import { Block, UserBlock } from "./Content.ts"
import { Failure } from "./Failure.ts"
import { CallId, RequestId, RoundId, SessionId, TurnId } from "./Ids.ts"
import { ModelRef } from "./ModelRef.ts"
import { StopReason } from "./ProviderChunk.ts"
import { ToolOutcome } from "./Tool.ts"
import { Usage } from "./Usage.ts"

/** A call and how far it got. */
export const ToolCallView = Schema.Struct({
  callId: CallId,
  name: Schema.String,
  input: Schema.String,
  state: Schema.Literals(["requested", "started", "settled"]),
  /** What was decided about it, where a rule did not simply allow it. */
  decision: Schema.optionalKey(Schema.Struct({ allowed: Schema.Boolean, by: Schema.Literals(["rule", "user"]) })),
  outcome: Schema.optionalKey(ToolOutcome),
  /** Milliseconds from start to settlement. */
  duration: Schema.optionalKey(Schema.Int)
})
export type ToolCallView = typeof ToolCallView.Type

/** One model response. A failed or interrupted turn keeps what arrived and never reaches a later request. */
export const Turn = Schema.Struct({
  id: TurnId,
  model: ModelRef,
  /** It is not part of the conversation: it sums up what a compaction leaves out. */
  purpose: Schema.optionalKey(Schema.Literal("summary")),
  status: Schema.Literals(["streaming", "completed", "failed", "interrupted"]),
  content: Schema.Array(Block),
  toolCalls: Schema.Array(ToolCallView),
  stop: Schema.optionalKey(StopReason),
  failure: Schema.optionalKey(Failure),
  usage: Usage,
  cost: Schema.optionalKey(Schema.Finite)
})
export type Turn = typeof Turn.Type

/** One user request and everything it caused. */
export const Round = Schema.Struct({
  id: RoundId,
  requestId: Schema.optionalKey(RequestId),
  request: Schema.Array(UserBlock),
  /** The user asked for a shorter history, and nothing else. */
  purpose: Schema.optionalKey(Schema.Literal("compaction")),
  status: Schema.Literals(["running", "completed", "failed", "cancelled"]),
  stop: Schema.optionalKey(StopReason),
  failure: Schema.optionalKey(Failure),
  /** The round's dynamic-context calls. */
  contextCalls: Schema.Array(ToolCallView),
  turns: Schema.Array(Turn),
  usage: Usage,
  /** How much of the input the provider had cached, 0 to 1. Absent when there was no input. */
  cacheHitRatio: Schema.optionalKey(Schema.Finite),
  /** US dollars over the turns whose price is known. */
  cost: Schema.optionalKey(Schema.Finite),
  startedAt: Schema.Int,
  endedAt: Schema.optionalKey(Schema.Int)
})
export type Round = typeof Round.Type

/** A conversation as people see it. */
export class Session extends Schema.Class<Session>("Session")({
  id: SessionId,
  rounds: Schema.Array(Round),
  usage: Usage,
  cost: Schema.optionalKey(Schema.Finite)
}) {
  /** All turns of all rounds, in order. */
  get turns(): ReadonlyArray<Turn> {
    return this.rounds.flatMap((round) => round.turns)
  }
}
