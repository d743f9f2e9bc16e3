import * as Schema from "effect/Schema"
import { Block, UserBlock } from "./Content.ts"
import { Segment } from "./ContextManifest.ts"
import { Failure } from "./Failure.ts"
import { CallId, PostId, QuestionId, RequestId, RoundId, SessionId, TurnId } from "./Ids.ts"
import { SkippedModel } from "./ModelError.ts"
import { ModelRef } from "./ModelRef.ts"
import { OutputProblem, OutputSchema } from "./OutputSchema.ts"
import { Provenance, Stretch } from "./Provenance.ts"
import { ProviderChunk, StopReason } from "./ProviderChunk.ts"
import { AnsweredBy, QuestionAnswer, QuestionSubject } from "./Question.ts"
import { RequestSettings, TokenCount } from "./RequestSize.ts"
import { SessionSettings } from "./SessionSettings.ts"
import { ToolDefinition, ToolOutcome } from "./Tool.ts"
import { Usage } from "./Usage.ts"

/**
 * The stable first part of every request until the next baseline. It is rendered once, stored, and sent byte for byte.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Baseline = Schema.Struct({
  /** Digest of the prompt, the environment and the tools. If it changes, the next round gets a new baseline. */
  key: Schema.String,
  system: Schema.String,
  tools: Schema.Array(ToolDefinition),
  /** The files that `system` contains: path to content hash. */
  files: Schema.Record(Schema.String, Schema.String)
})
export type Baseline = typeof Baseline.Type

/**
 * What a pinned text is for.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PinKind = Schema.Literals(["goal", "constraint", "open-work"])
export type PinKind = typeof PinKind.Type

const turnEnd = {
  turnId: TurnId,
  content: Schema.Array(Block),
  usage: Usage,
  /** US dollars, if the model's price is known. */
  cost: Schema.optionalKey(Schema.Finite)
}

/**
 * The events of which a session's log consists. Everything else that Parley shows or sends is a fold over these events.
 *
 * A round begins with `RoundStarted` and ends with `RoundCompleted`, `RoundFailed` or `RoundCancelled`. In between are
 * the calls of slots (`ContextCallRequested`), the built context (`ContextBuilt`), and turns. A turn begins with
 * `TurnStarted`, streams `TurnDelta` and ends with `TurnCompleted`, `TurnFailed` or `TurnInterrupted`. Each tool call of
 * a completed turn is optionally asked about (`QuestionAsked`, `QuestionAnswered`) and decided (`ToolDecided`), then
 * started (`ToolStarted`) if it may run, and settled exactly once (`ToolSettled`). A running call may ask questions too.
 * Between two turns, messages of the user can be delivered (`MessageDelivered`). `CompactionUndone`, `RefreshRequested`,
 * `Pinned`, `Unpinned`, `RoundsUndone`, `RoundsRedone`, `Forked` and `SettingsChosen` occur only between rounds.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionEvent = Schema.TaggedUnion({
  /** A user message was accepted. The first event of a round. */
  RoundStarted: {
    roundId: RoundId,
    requestId: Schema.optionalKey(RequestId),
    request: Schema.Array(UserBlock),
    /**
     * The parts of the request that the user did not write. Absent in logs of earlier versions; the author is then
     * unknown and the request counts as `outside`.
     */
    outside: Stretch.pipe(Schema.Array, Schema.optionalKey),
    /** `compaction`: the user requested a compaction instead of sending a message; `request` is empty. */
    purpose: Schema.optionalKey(Schema.Literal("compaction")),
    /** The JSON Schema that the answer of the round follows. */
    outputSchema: Schema.optionalKey(OutputSchema),
    /** The message of the inbox that is this round's request. Absent if the message did not wait in the inbox. */
    messageId: Schema.optionalKey(PostId)
  },
  /**
   * A message that was sent during the round: it is part of the next request. Never while a turn or a call of a turn is
   * open.
   */
  MessageDelivered: {
    roundId: RoundId,
    messageId: PostId,
    requestId: Schema.optionalKey(RequestId),
    request: Schema.Array(UserBlock),
    /** The parts of the request that the user did not write. */
    outside: Schema.Array(Stretch)
  },
  /** The round requested the tool call of a slot. It is started and settled like every tool call. */
  ContextCallRequested: {
    roundId: RoundId,
    callId: CallId,
    slot: Schema.String,
    name: Schema.String,
    input: Schema.String,
    /** Digest of the files of the context, for slots with the policy `change`. */
    files: Schema.optionalKey(Schema.String)
  },
  /** The round's context was built: what the round adds before the user's message, and the sources of everything. */
  ContextBuilt: {
    roundId: RoundId,
    /** Set if the round has a new baseline. */
    baseline: Schema.optionalKey(Baseline),
    roundPart: Schema.Array(UserBlock),
    /** Files that the round part shows or reports as removed: path to content hash, which is empty if removed. */
    files: Schema.Record(Schema.String, Schema.String),
    /** Slots that the round part shows or reports as removed: slot to digest, which is empty if removed. */
    slots: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    /** Digest of the pinned texts, if the round part contains them. */
    pinned: Schema.optionalKey(Schema.String),
    /**
     * Segments with part `round` and a size above 0 describe the blocks of `roundPart`: one per block, in the same order.
     */
    manifest: Schema.Array(Segment)
  },
  /** A request is about to be sent to the model. */
  TurnStarted: {
    roundId: RoundId,
    turnId: TurnId,
    model: ModelRef,
    /** `summary`: the turn is not part of the conversation, but summarises what a compaction leaves out. */
    purpose: Schema.optionalKey(Schema.Literal("summary")),
    /** The size of the request as determined before it was sent. */
    size: Schema.optionalKey(TokenCount),
    /** The provider's settings. With them, the request can be reproduced byte for byte. */
    settings: Schema.optionalKey(RequestSettings),
    /** The address of the provider. Absent in logs of earlier versions, and for providers without an address. */
    endpoint: Schema.optionalKey(Schema.String),
    /** `dropped`: the provider rejected the thinking of earlier turns, so this and all later requests leave it out. */
    thinking: Schema.optionalKey(Schema.Literal("dropped")),
    /**
     * How often what precedes the end of the conversation had changed: by a new baseline, a compaction or its undoing. A
     * request contains only thinking of turns with the same number. Absent while nothing has changed, and in logs of
     * earlier versions, which compared the system prompts instead.
     */
    prefix: Schema.optionalKey(Schema.Int),
    /**
     * The tool by which the model gives an answer that follows the round's `outputSchema`. Absent if the provider itself
     * holds the response to the schema, and in rounds without one.
     */
    outputTool: Schema.optionalKey(Schema.String)
  },
  /**
   * The history was compacted, so that later requests are smaller. Results of the `pruned` calls lose their content. If
   * there is a `baseline`, `head` replaces all messages except the last `kept` ones, and files and dynamic context are
   * removed from those. The log still contains everything.
   */
  ContextCompacted: {
    roundId: RoundId,
    /**
     * The request was too large by measurement (`budget`) or for the provider (`overflow`), or the user requested it
     * (`request`).
     */
    why: Schema.Literals(["budget", "overflow", "request"]),
    pruned: Schema.Array(CallId),
    kept: Schema.Int,
    head: Schema.Array(UserBlock),
    baseline: Schema.optionalKey(Baseline),
    /** The slots whose values `head` contains: slot to digest. */
    slots: Schema.Record(Schema.String, Schema.String),
    manifest: Schema.Array(Segment),
    before: TokenCount,
    after: TokenCount
  },
  /** Undoes the latest compaction that is still in effect. Only between rounds. */
  CompactionUndone: {},
  /**
   * The next round gets a new baseline, with the current content of files, even if nothing has changed. Only between
   * rounds.
   */
  RefreshRequested: {},
  /** The text is kept in the context through all compactions. Only between rounds. */
  Pinned: { kind: PinKind, text: Schema.NonEmptyString, provenance: Schema.optionalKey(Provenance) },
  /** The text is no longer pinned. Only between rounds. */
  Unpinned: { text: Schema.NonEmptyString },
  /**
   * The last rounds that were in effect are undone: later requests are as if these rounds had not happened. The log keeps
   * them, and what they cost stays counted. Only between rounds. See `UndoneRounds`.
   */
  RoundsUndone: { rounds: Schema.NonEmptyArray(RoundId) },
  /** The rounds of the latest `RoundsUndone` are in effect again. Only between rounds, and only until the next one starts. */
  RoundsRedone: {},
  /**
   * All earlier events were copied from `origin` when this session was created from it. What they cost is counted there.
   * Only between rounds.
   */
  Forked: {
    origin: SessionId,
    /** The last round that was copied. Absent if none was. */
    roundId: Schema.optionalKey(RoundId),
    /** Set if that round was copied only up to the end of this turn. */
    turnId: Schema.optionalKey(TurnId)
  },
  /** The session's settings from now on, in place of all earlier ones. Only between rounds. */
  SettingsChosen: { settings: SessionSettings },
  /** Chunks of the open turn. The event that ends the turn contains the complete content and removes these from the log. */
  TurnDelta: { turnId: TurnId, chunks: Schema.Array(ProviderChunk) },
  /** The model's response is complete. */
  TurnCompleted: {
    ...turnEnd,
    stop: StopReason,
    responseId: Schema.optionalKey(Schema.String)
  },
  /** The turn failed; `content` is what had arrived. */
  TurnFailed: { ...turnEnd, failure: Failure },
  /** The turn was cancelled, or its process died; `content` is what had arrived. */
  TurnInterrupted: turnEnd,
  /**
   * The turn failed with an error that another attempt may not have. The same request is sent again as a new turn after
   * `delayMillis`: to the same model, or to the next one of the chain.
   */
  RetryScheduled: {
    roundId: RoundId,
    /** The turn that failed. */
    turnId: TurnId,
    /** Counts the retries of one request, from 1. */
    attempt: Schema.Int,
    delayMillis: Schema.Int,
    failure: Failure,
    /** The fallback model that is asked from now on. Absent: the model of the failed turn is asked again. */
    model: Schema.optionalKey(ModelRef),
    /** Fallback models before `model` that cannot take the request. */
    skipped: SkippedModel.pipe(Schema.Array, Schema.optionalKey)
  },
  /** The answer does not follow the round's `outputSchema`, and the model is asked to correct it. At most once in a round. */
  OutputRejected: {
    roundId: RoundId,
    /** The turn with the answer. */
    turnId: TurnId,
    problems: Schema.Array(OutputProblem),
    /** What the model is told, as a message of the user. Absent if the result of its call of the `outputTool` says it. */
    message: Schema.optionalKey(Schema.String)
  },
  /**
   * The engine needs an answer: whether a call may run, before it is started, or what a running call asks for. The question
   * is open until it is answered or its round ends.
   */
  QuestionAsked: { questionId: QuestionId, roundId: RoundId, callId: CallId, subject: QuestionSubject },
  /**
   * The question has its answer; there is no second one. What was filled in in a form is not stored: `content` is empty. A
   * call that may run now is decided and started next.
   */
  QuestionAnswered: { questionId: QuestionId, roundId: RoundId, by: AnsweredBy, answer: QuestionAnswer },
  /** A rule denied the call, or a person decided about it. Not stored for calls that a rule allows. */
  ToolDecided: {
    callId: CallId,
    allowed: Schema.Boolean,
    by: Schema.Literals(["rule", "user"])
  },
  /** The tool is about to be called. Durable before the call is sent. */
  ToolStarted: { callId: CallId },
  /** The call has its outcome. Every requested call has exactly one such event when its round ends. */
  ToolSettled: { callId: CallId, outcome: ToolOutcome },
  /** `output` is the answer as a JSON value. It is set exactly if the round has an `outputSchema`, which it follows. */
  RoundCompleted: { roundId: RoundId, stop: StopReason, output: Schema.optionalKey(Schema.Json) },
  RoundFailed: { roundId: RoundId, failure: Failure },
  RoundCancelled: { roundId: RoundId }
})
export type SessionEvent = typeof SessionEvent.Type

/**
 * The events with this tag.
 *
 * @since 0.1.0
 * @category models
 */
export type EventOf<Tag extends SessionEvent["_tag"]> = Extract<SessionEvent, { readonly _tag: Tag }>

/**
 * A stored event. `seq` starts at 1 and grows by one with each event appended to the session. A replay has gaps only
 * where the deltas of ended turns were removed. `at` is informational: no order depends on it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LogEntry = Schema.Struct({
  seq: Schema.Int,
  /** Milliseconds since the epoch. */
  at: Schema.Int,
  event: SessionEvent
})
export type LogEntry = typeof LogEntry.Type

/**
 * Whether an event ends its turn.
 *
 * @since 0.1.0
 * @category constants
 */
export const endsTurn = SessionEvent.isAnyOf(["TurnCompleted", "TurnFailed", "TurnInterrupted"])

/**
 * Whether an event closes its round.
 *
 * @since 0.1.0
 * @category constants
 */
export const endsRound = SessionEvent.isAnyOf(["RoundCompleted", "RoundFailed", "RoundCancelled"])

/**
 * Whether an event is a user's change to the session itself, which occurs only between rounds.
 *
 * @since 0.1.0
 * @category constants
 */
export const betweenRounds = SessionEvent.isAnyOf([
  "CompactionUndone",
  "Forked",
  "Pinned",
  "RefreshRequested",
  "RoundsRedone",
  "RoundsUndone",
  "SettingsChosen",
  "Unpinned"
])

/**
 * Whether an event is a barrier: once acknowledged, it survives a power failure. All other events survive only the death
 * of the process.
 *
 * @since 0.1.0
 * @category constants
 */
export const needsBarrier = SessionEvent.isAnyOf([
  "RoundStarted",
  "MessageDelivered",
  "TurnCompleted",
  "QuestionAsked",
  "QuestionAnswered",
  "ToolStarted",
  "ToolSettled",
  "RoundCompleted",
  "RoundFailed",
  "RoundCancelled",
  "CompactionUndone",
  "RefreshRequested",
  "Pinned",
  "Unpinned",
  "RoundsUndone",
  "RoundsRedone",
  "Forked",
  "SettingsChosen"
])
