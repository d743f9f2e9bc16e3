import * as Schema from "effect/Schema"
import type { Failure } from "./Failure.ts"
import { SessionId } from "./Ids.ts"
import { Holder } from "./Lease.ts"
import { ModelError } from "./ModelError.ts"

/** No such session in this store. */
export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  sessionId: SessionId
}) {
  override get message(): string {
    return `No session ${this.sessionId}; \`parley sessions list\` shows what there is`
  }
}

/** Somebody else writes to the session, `holder` if it is known. Nothing was changed. */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  sessionId: SessionId,
  /** What is in the way; with a holder, who that is and since when. */
  detail: Schema.String,
  holder: Schema.optionalKey(Holder)
}) {
  override get message(): string {
    return this.holder === undefined
      ? `Session ${this.sessionId} is in use: ${this.detail}`
      : `Session ${this.sessionId} is in use by ${this.detail}; follow it with \`parley sessions show ${this.sessionId} --follow\``
  }
}

/** The message cannot be sent as it is. Nothing was stored. */
export class InvalidMessage extends Schema.TaggedError<InvalidMessage>()("InvalidMessage", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** What a round, or its session, may run out of. */
export const Cap = Schema.Literals([
  "turns",
  "time",
  "tokens",
  "cost",
  "identicalCalls",
  "sessionTokens",
  "sessionCost"
])
export type Cap = typeof Cap.Type

const goOn = "; send another message to go on, or raise the limit"
const startAnew = "; raise the limit, or start another session"
const caps: { readonly [C in Cap]: (limit: number) => string } = {
  turns: (limit) => `The round reached its limit of ${limit} model responses${goOn}`,
  time: (limit) => `The round reached its limit of ${limit} s${goOn}`,
  tokens: (limit) => `The round reached its limit of ${limit} tokens${goOn}`,
  cost: (limit) => `The round reached its limit of $${limit}${goOn}`,
  identicalCalls: (limit) => `The round reached its limit of ${limit} identical tool calls${goOn}`,
  sessionTokens: (limit) => `The session reached its limit of ${limit} tokens${startAnew}`,
  sessionCost: (limit) => `The session reached its limit of $${limit}${startAnew}`
}

/** A limit of the round or the session was reached before the model was done. Everything up to there is stored. */
export class CapReached extends Schema.TaggedError<CapReached>()("CapReached", {
  cap: Cap,
  /** Seconds for `time`, US dollars for what ends in cost. */
  limit: Schema.Finite
}) {
  override get message(): string {
    return caps[this.cap](this.limit)
  }
}

/** A limit in dollars cannot hold, because a price is not known. Nothing was sent or stored. */
export class PriceUnknown extends Schema.TaggedError<PriceUnknown>()("PriceUnknown", {
  /** The model without a price, as `provider/model`. */
  model: Schema.String,
  /** Set when the model has a price, but so many tokens of the session were spent at a price that is not known. */
  unpricedTokens: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    return this.unpricedTokens === undefined
      ? `The price of ${this.model} is not known, so the limit in dollars cannot hold. Nothing was sent. Set prices[${JSON.stringify(this.model)}] in the configuration, such as { "input": 3, "output": 15 } in dollars per million tokens, or leave the limit out`
      : `This session has spent ${this.unpricedTokens} tokens at a price that was not known, so limits.sessionCost cannot hold. Nothing was sent. Start another session, or leave that limit out`
  }
}

/** A configuration file that cannot be used. `line` and `column` count from 1. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  path: Schema.String,
  problem: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  column: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    const place = this.line === undefined ? this.path : `${this.path}:${this.line}:${this.column ?? 1}`
    return `${place}: ${this.problem}`
  }
}

/** Part of the workspace that the round needs could not be read. */
export class WorkspaceError extends Schema.TaggedError<WorkspaceError>()("WorkspaceError", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

/** A dynamic-context slot that was declared as required did not resolve. */
export class ContextUnresolved extends Schema.TaggedError<ContextUnresolved>()("ContextUnresolved", {
  slot: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `Dynamic context "${this.slot}" is required and did not resolve: ${this.problem}`
  }
}

/** The conversation does not fit the model, and leaving out what may be left out did not help. Nothing was sent. */
/** How many tools servers offer, and about how many tokens each request has of them. */
export const ToolSizes = Schema.Array(Schema.Struct({ server: Schema.String, tools: Schema.Int, tokens: Schema.Int }))
export type ToolSizes = typeof ToolSizes.Type

export class ContextTooLarge extends Schema.TaggedError<ContextTooLarge>()("ContextTooLarge", {
  /** What the request has, and what it may have. */
  tokens: Schema.Int,
  limit: Schema.Int,
  problem: Schema.String,
  /** When the tools alone are much of it: what those of each server take, the most first. */
  servers: ToolSizes.pipe(Schema.optionalKey)
}) {
  override get message(): string {
    return `The request has about ${this.tokens} tokens and the model takes ${this.limit} beside its answer: ${this.problem}. What this message added is left out of later ones`
  }
}

/** Why the store could not do it. `Corrupt`, `Newer` and `ReadOnly` need a person; the others may pass. */
export const StorageReason = Schema.Literals(["Busy", "Full", "Corrupt", "Newer", "ReadOnly", "Unavailable"])

export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", {
  operation: Schema.String,
  reason: StorageReason,
  detail: Schema.String,
  /** Set when only this session is concerned: others can be used as before. */
  sessionId: Schema.optionalKey(SessionId)
}) {
  override get message(): string {
    if (this.sessionId !== undefined && this.reason === "Corrupt")
      return `Storage (${this.operation}): the history of this session is damaged, others are not; \`parley sessions repair ${this.sessionId}\` copies what is whole of it into a new session: ${this.detail}`
    const advice: { readonly [R in typeof this.reason]: string } = {
      Busy: "the database is locked by another process; try again",
      Full: "the disk is full; free some space and try again",
      Corrupt: "the database is damaged; restore it from a backup, or move it away to start anew",
      Newer: "the database was written by a newer version of Parley; update Parley",
      ReadOnly: "the database may only be read; make it and its directory writable for you",
      Unavailable: "the database cannot be used"
    }
    return `Storage (${this.operation}): ${advice[this.reason]}: ${this.detail}`
  }
}

/** Every way in which handling a message can fail. */
export const HandleMessageError = Schema.Union([
  SessionNotFound,
  SessionBusy,
  InvalidMessage,
  CapReached,
  PriceUnknown,
  ConfigError,
  WorkspaceError,
  ContextUnresolved,
  ContextTooLarge,
  StorageError,
  ModelError
])
export type HandleMessageError = typeof HandleMessageError.Type

/** The form in which the log keeps an error. */
export const toFailure = (error: HandleMessageError): Failure => ({
  error: error._tag,
  ...(error._tag === "ModelError"
    ? { reason: error.reason._tag }
    : error._tag === "StorageError"
      ? { reason: error.reason }
      : error._tag === "CapReached"
        ? { reason: error.cap }
        : {}),
  message: error.message
})
