import * as Schema from "effect/Schema"
import { Block, UserBlock } from "./Content.ts"
import { Failure } from "./Failure.ts"
import { CallId, PostId, RequestId, RoundId, SessionId, TurnId } from "./Ids.ts"
import { ModelRef } from "./ModelRef.ts"
import { StopReason } from "./ProviderChunk.ts"
import { Question } from "./Question.ts"
import { SessionOrigin } from "./SessionInfo.ts"
import { SessionSettings } from "./SessionSettings.ts"
import { ToolOutcome } from "./Tool.ts"
import { Usage } from "./Usage.ts"

/**
 * A tool call and its current state.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolCallView = Schema.Struct({
  callId: CallId,
  name: Schema.String,
  input: Schema.String,
  state: Schema.Literals(["requested", "started", "settled"]),
  /** The decision about the call. Absent if a rule allowed it, or if it has not been decided yet. */
  decision: Schema.optionalKey(Schema.Struct({ allowed: Schema.Boolean, by: Schema.Literals(["rule", "user"]) })),
  outcome: Schema.optionalKey(ToolOutcome),
  /** Milliseconds from start to settlement. */
  duration: Schema.optionalKey(Schema.Int)
})
export type ToolCallView = typeof ToolCallView.Type

/**
 * One model response. A failed or interrupted turn keeps the content that arrived, but no later request contains it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Turn = Schema.Struct({
  id: TurnId,
  model: ModelRef,
  /** The model whose failure led to this turn, if the request was sent to the next model of the chain. */
  fallbackFor: Schema.optionalKey(ModelRef),
  /** `summary`: the turn is not part of the conversation, but summarises what a compaction leaves out. */
  purpose: Schema.optionalKey(Schema.Literal("summary")),
  status: Schema.Literals(["streaming", "completed", "failed", "interrupted"]),
  content: Schema.Array(Block),
  toolCalls: Schema.Array(ToolCallView),
  stop: Schema.optionalKey(StopReason),
  failure: Schema.optionalKey(Failure),
  usage: Usage,
  /** US dollars, if the model's price is known. */
  cost: Schema.optionalKey(Schema.Finite)
})
export type Turn = typeof Turn.Type

/**
 * A message that was delivered during a round.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DeliveredMessage = Schema.Struct({
  id: PostId,
  requestId: Schema.optionalKey(RequestId),
  request: Schema.Array(UserBlock),
  /** The number of the round's turns, including failed ones, before it was delivered. */
  afterTurns: Schema.Int,
  /** When it was delivered, in milliseconds since the epoch. */
  at: Schema.Int
})
export type DeliveredMessage = typeof DeliveredMessage.Type

/**
 * One user message and everything that it caused.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Round = Schema.Struct({
  id: RoundId,
  requestId: Schema.optionalKey(RequestId),
  request: Schema.Array(UserBlock),
  /** The message of the inbox that is the request, if it waited there. */
  messageId: Schema.optionalKey(PostId),
  /** The messages that were delivered during the round, in order. Absent if there are none. */
  delivered: DeliveredMessage.pipe(Schema.Array, Schema.optionalKey),
  /** `compaction`: the user requested a compaction; nothing was sent to the model in the conversation. */
  purpose: Schema.optionalKey(Schema.Literal("compaction")),
  /** The round is undone: no later request contains anything of it. */
  undone: Schema.optionalKey(Schema.Literal(true)),
  /** The round was copied from the session's origin, where its usage and cost are counted. */
  copied: Schema.optionalKey(Schema.Literal(true)),
  /** `waiting`: all that is open are tool calls that were asked about. No process needs to run the round meanwhile. */
  status: Schema.Literals(["running", "waiting", "completed", "failed", "cancelled"]),
  stop: Schema.optionalKey(StopReason),
  failure: Schema.optionalKey(Failure),
  /** The answer as a JSON value that follows the round's output schema. Absent if there is none, or no valid answer. */
  output: Schema.optionalKey(Schema.Json),
  /** The calls of the round's slots. */
  contextCalls: Schema.Array(ToolCallView),
  turns: Schema.Array(Turn),
  /** What the round asked people, in order. Absent if it asked nothing. */
  questions: Question.pipe(Schema.Array, Schema.optionalKey),
  usage: Usage,
  /** The share of the input that the provider read from its cache, from 0 to 1. Absent if there was no input. */
  cacheHitRatio: Schema.optionalKey(Schema.Finite),
  /** US dollars, summed over the turns whose price is known. */
  cost: Schema.optionalKey(Schema.Finite),
  /** Milliseconds since the epoch, as is `endedAt`. */
  startedAt: Schema.Int,
  endedAt: Schema.optionalKey(Schema.Int)
})
export type Round = typeof Round.Type

/**
 * A session as hosts show it to people. Created from the log by `SessionFold.fromEvents`.
 *
 * @since 0.1.0
 * @category models
 */
export class Session extends Schema.Class<Session>("Session")({
  id: SessionId,
  rounds: Schema.Array(Round),
  /** The usage of all rounds that were not copied, undone ones included; so is `cost`. */
  usage: Usage,
  cost: Schema.optionalKey(Schema.Finite),
  /** Set if the session is a fork. */
  origin: Schema.optionalKey(SessionOrigin),
  /** What was chosen for the session. Absent if nothing was. */
  settings: Schema.optionalKey(SessionSettings)
}) {
  /** All turns of all rounds, in order. */
  get turns(): ReadonlyArray<Turn> {
    return this.rounds.flatMap((round) => round.turns)
  }
}
