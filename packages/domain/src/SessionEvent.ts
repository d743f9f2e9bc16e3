import * as Schema from "effect/Schema"
import { Block, UserBlock } from "./Content.ts"
import { Segment } from "./ContextManifest.ts"
import { Failure } from "./Failure.ts"
import { CallId, RequestId, RoundId, TurnId } from "./Ids.ts"
import { ModelRef } from "./ModelRef.ts"
import { Provenance, Stretch } from "./Provenance.ts"
import { ProviderChunk, StopReason } from "./ProviderChunk.ts"
import { RequestSettings, TokenCount } from "./RequestSize.ts"
import { ToolDefinition, ToolOutcome } from "./Tool.ts"
import { Usage } from "./Usage.ts"

/** The stable part of every request until the next baseline: rendered once, stored, sent byte for byte. */
export const Baseline = Schema.Struct({
  /** Changes exactly when the prompt, the environment or the tools do; then a new baseline is due. */
  key: Schema.String,
  system: Schema.String,
  tools: Schema.Array(ToolDefinition),
  /** The files as rendered into `system`, path to content hash. */
  files: Schema.Record(Schema.String, Schema.String)
})
export type Baseline = typeof Baseline.Type

export const PinKind = Schema.Literals(["goal", "constraint", "open-work"])
export type PinKind = typeof PinKind.Type

const turnEnd = {
  turnId: TurnId,
  content: Schema.Array(Block),
  usage: Usage,
  /** US dollars, when the model's price is known. */
  cost: Schema.optionalKey(Schema.Finite)
}

/** The alphabet of the log. Everything else that Parley shows or sends is a fold over these facts. */
export const SessionEvent = Schema.TaggedUnion({
  RoundStarted: {
    roundId: RoundId,
    requestId: Schema.optionalKey(RequestId),
    request: Schema.Array(UserBlock),
    /** What of the request others wrote; the rest is the user's. Absent in logs of earlier versions: then nobody knows. */
    outside: Stretch.pipe(Schema.Array, Schema.optionalKey),
    /** The user asked for a shorter history and said nothing to the model: the request is empty. */
    purpose: Schema.optionalKey(Schema.Literal("compaction"))
  },
  /** A declared dynamic-context call of the round. It is started and settled like any call. */
  ContextCallRequested: {
    roundId: RoundId,
    callId: CallId,
    slot: Schema.String,
    name: Schema.String,
    input: Schema.String,
    /** Digest of the files of the context, for slots that are asked again when these change. */
    files: Schema.optionalKey(Schema.String)
  },
  /** What this round adds to the request before the user's words, and where all of it came from. */
  ContextBuilt: {
    roundId: RoundId,
    baseline: Schema.optionalKey(Baseline),
    roundPart: Schema.Array(UserBlock),
    /** Files rendered or removed by the round part: path to content hash, empty when removed. */
    files: Schema.Record(Schema.String, Schema.String),
    /** The same of dynamic context: slot to digest, empty when the model was told that it is gone. */
    slots: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    /** Digest of what is pinned, when the round part says it. */
    pinned: Schema.optionalKey(Schema.String),
    /** The segments whose part is `round` and that have bytes stand for the blocks of the round part, one for one. */
    manifest: Schema.Array(Segment)
  },
  TurnStarted: {
    roundId: RoundId,
    turnId: TurnId,
    model: ModelRef,
    /** The turn is not part of the conversation: it sums up what a compaction leaves out. */
    purpose: Schema.optionalKey(Schema.Literal("summary")),
    /** How large the request was thought to be before it was sent. */
    size: Schema.optionalKey(TokenCount),
    /** What the provider was told beside the conversation; with it the request can be made again, byte for byte. */
    settings: Schema.optionalKey(RequestSettings),
    /** Where the provider was asked. Absent in logs of earlier versions, and where there is no such place. */
    endpoint: Schema.optionalKey(Schema.String),
    /** The provider refused the thinking of earlier turns: this request and all later ones do without. */
    thinking: Schema.optionalKey(Schema.Literal("dropped"))
  },
  /**
   * Later requests hold less: results of the `pruned` calls lose their content, and if there is a baseline, everything but
   * the `kept` last messages is replaced by `head`, and files and dynamic context of the kept ones vanish. The log keeps all.
   */
  ContextCompacted: {
    roundId: RoundId,
    why: Schema.Literals(["budget", "overflow", "request"]),
    pruned: Schema.Array(CallId),
    kept: Schema.Int,
    head: Schema.Array(UserBlock),
    baseline: Schema.optionalKey(Baseline),
    /** What of dynamic context `head` shows: slot to digest. */
    slots: Schema.Record(Schema.String, Schema.String),
    manifest: Schema.Array(Segment),
    before: TokenCount,
    after: TokenCount
  },
  /** The latest compaction that is not undone counts no more. Between rounds. */
  CompactionUndone: {},
  /** The next round has a new baseline, whatever has changed: files are shown in it as they are then. Between rounds. */
  RefreshRequested: {},
  /** Stays in view through every compaction. Between rounds. */
  Pinned: { kind: PinKind, text: Schema.NonEmptyString, provenance: Schema.optionalKey(Provenance) },
  Unpinned: { text: Schema.NonEmptyString },
  /** Pieces of the open turn. Removed from the log by the event that ends the turn, which carries the whole content. */
  TurnDelta: { turnId: TurnId, chunks: Schema.Array(ProviderChunk) },
  TurnCompleted: {
    ...turnEnd,
    stop: StopReason,
    responseId: Schema.optionalKey(Schema.String)
  },
  TurnFailed: { ...turnEnd, failure: Failure },
  TurnInterrupted: turnEnd,
  /** The turn failed in a way that may pass: the same request is sent again, as a new turn, when this time is over. */
  RetryScheduled: {
    roundId: RoundId,
    /** The turn that failed. */
    turnId: TurnId,
    /** The first retry of a request is number 1. */
    attempt: Schema.Int,
    delayMillis: Schema.Int,
    failure: Failure
  },
  /** A rule denied the call, or a person was asked. A call that a rule allows is started without one. */
  ToolDecided: {
    callId: CallId,
    allowed: Schema.Boolean,
    by: Schema.Literals(["rule", "user"])
  },
  /** The intent: durable before the tool can act. */
  ToolStarted: { callId: CallId },
  ToolSettled: { callId: CallId, outcome: ToolOutcome },
  RoundCompleted: { roundId: RoundId, stop: StopReason },
  RoundFailed: { roundId: RoundId, failure: Failure },
  RoundCancelled: { roundId: RoundId }
})
export type SessionEvent = typeof SessionEvent.Type
export type EventOf<Tag extends SessionEvent["_tag"]> = Extract<SessionEvent, { readonly _tag: Tag }>

/**
 * One stored fact. `seq` grows by one with each event appended to a session, from 1; a replay has gaps only where the
 * deltas of a finished turn were. `at` is for people: order never depends on it.
 */
export const LogEntry = Schema.Struct({
  seq: Schema.Int,
  /** Milliseconds since the epoch. */
  at: Schema.Int,
  event: SessionEvent
})
export type LogEntry = typeof LogEntry.Type

/** Whether an event ends its turn. */
export const endsTurn = SessionEvent.isAnyOf(["TurnCompleted", "TurnFailed", "TurnInterrupted"])

/** Whether an event closes its round. */
export const endsRound = SessionEvent.isAnyOf(["RoundCompleted", "RoundFailed", "RoundCancelled"])

/** What a user does to the session itself: it stands between rounds. */
export const betweenRounds = SessionEvent.isAnyOf(["CompactionUndone", "RefreshRequested", "Pinned", "Unpinned"])

/** Facts that must survive power loss once acknowledged. The others survive the death of the process. */
export const needsBarrier = SessionEvent.isAnyOf([
  "RoundStarted",
  "TurnCompleted",
  "ToolStarted",
  "ToolSettled",
  "RoundCompleted",
  "RoundFailed",
  "RoundCancelled",
  "CompactionUndone",
  "RefreshRequested",
  "Pinned",
  "Unpinned"
])
