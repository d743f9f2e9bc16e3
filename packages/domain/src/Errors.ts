import * as Schema from "effect/Schema"
import type { Failure } from "./Failure.ts"
import { SessionId } from "./Ids.ts"
import { MessageClosed } from "./InboxMessage.ts"
import { Holder } from "./Lease.ts"
import { CapReached, PriceUnknown } from "./LimitErrors.ts"
import { ModelError } from "./ModelError.ts"
import { OutputInvalid } from "./OutputSchema.ts"
import { RoundWaiting } from "./QuestionErrors.ts"

export { Cap, CapReached, PriceUnknown } from "./LimitErrors.ts"
export { AnswerInvalid, QuestionClosed, QuestionNotFound, RoundWaiting } from "./QuestionErrors.ts"

/**
 * The store contains no session with this id.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  sessionId: SessionId
}) {
  override get message(): string {
    return `No session ${this.sessionId}`
  }
}

/**
 * Another writer holds the session's lease, or has appended to the session since it was read. Nothing was stored. Wait
 * for the other writer to finish and try again, or follow the session with `SessionCoordinator.events`.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  sessionId: SessionId,
  /** Why the session is in use; if `holder` is set, a description of the holder. For people. */
  detail: Schema.String,
  /** The process that holds the lease, if it is known. */
  holder: Schema.optionalKey(Holder)
}) {
  override get message(): string {
    return `Session ${this.sessionId} is in use${this.holder === undefined ? ":" : " by"} ${this.detail}`
  }
}

/**
 * The message, or another request of the user, is not valid: it is empty or too large, or there is nothing to pin, undo or
 * compact. Nothing was stored. Correct the request.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidMessage extends Schema.TaggedError<InvalidMessage>()("InvalidMessage", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/**
 * The session was cancelled while the message waited for an earlier round. Nothing of the message was stored, so it can be
 * sent again.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageWithdrawn extends Schema.TaggedError<MessageWithdrawn>()("MessageWithdrawn", {
  sessionId: SessionId
}) {
  override get message(): string {
    return `Session ${this.sessionId} was cancelled before the message was accepted. Nothing of it was stored; send it again if it is still needed`
  }
}

/**
 * A configuration file cannot be read or is not valid. `line` and `column` count from 1. Correct the file.
 *
 * @since 0.1.0
 * @category errors
 */
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

/**
 * The round needs a file or directory of the workspace that could not be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class WorkspaceError extends Schema.TaggedError<WorkspaceError>()("WorkspaceError", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

/**
 * A manager that the application provides could not supply its part of the context. `cause` is the error behind it, for
 * logs; it is not stored. The built-in managers fail with `ConfigError` and `WorkspaceError`, which name a file.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContextUnavailable extends Schema.TaggedError<ContextUnavailable>()("ContextUnavailable", {
  /** What could not be supplied. */
  part: Schema.Literals(["prompt", "files", "dynamic context"]),
  /** For people: what happened and what to do. */
  problem: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `The ${this.part} of the context could not be supplied: ${this.problem}`
  }
}

/**
 * The tool call of a required slot (`onFailure: "fail"`) failed. No request was sent to the model.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContextUnresolved extends Schema.TaggedError<ContextUnresolved>()("ContextUnresolved", {
  slot: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `Dynamic context "${this.slot}" is required and did not resolve: ${this.problem}`
  }
}

/**
 * For each MCP server: how many tools it offers, and about how many tokens their definitions take in each request.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolSizes = Schema.Array(Schema.Struct({ server: Schema.String, tools: Schema.Int, tokens: Schema.Int }))
export type ToolSizes = typeof ToolSizes.Type

/**
 * The request does not fit the model's context window, and compaction is switched off or could not make it small enough. The
 * request was not sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContextTooLarge extends Schema.TaggedError<ContextTooLarge>()("ContextTooLarge", {
  /** Size of the request in tokens, possibly estimated. */
  tokens: Schema.Int,
  /** Maximum size of a request in tokens: the context window less the longest response. */
  limit: Schema.Int,
  problem: Schema.String,
  /** Set if a summary might have helped, but compaction is switched off. */
  compaction: Schema.Literal("off").pipe(Schema.optionalKey),
  /** Set if tool definitions are a large part of the request: their size for each server, largest first. */
  servers: ToolSizes.pipe(Schema.optionalKey)
}) {
  override get message(): string {
    return `The request has about ${this.tokens} tokens, but the model accepts only ${this.limit} besides its response: ${this.problem}. Later requests leave out what this message added`
  }
}

/**
 * Why an operation of the store failed. `Corrupt`: the stored data is damaged. `Newer`: a newer version of Parley wrote it.
 * `ReadOnly`: it cannot be written. These three need a person; `Busy`, `Full` and `Unavailable` may be temporary.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StorageReason = Schema.Literals(["Busy", "Full", "Corrupt", "Newer", "ReadOnly", "Unavailable"])

/**
 * The store failed. `reason` says why and whether trying again may help; the message tells a person what to do.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", {
  operation: Schema.String,
  reason: StorageReason,
  detail: Schema.String,
  /** Set if only this session is affected; other sessions can still be used. */
  sessionId: Schema.optionalKey(SessionId)
}) {
  override get message(): string {
    if (this.sessionId !== undefined && this.reason === "Corrupt")
      return `Storage (${this.operation}): the history of this session is damaged, other sessions are not affected: ${this.detail}`
    const advice: { readonly [R in typeof this.reason]: string } = {
      Busy: "the database is locked by another process; try again",
      Full: "the disk is full; free some space and try again",
      Corrupt: "the database is damaged; restore it from a backup, or move it away to start with an empty one",
      Newer: "the database was written by a newer version of Parley; update Parley",
      ReadOnly: "the database is read-only; make it and its directory writable for you",
      Unavailable: "the database cannot be used"
    }
    return `Storage (${this.operation}): ${advice[this.reason]}: ${this.detail}`
  }
}

/**
 * All errors with which handling a message can fail.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HandleMessageError = Schema.Union([
  SessionNotFound,
  SessionBusy,
  InvalidMessage,
  MessageWithdrawn,
  RoundWaiting,
  MessageClosed,
  CapReached,
  PriceUnknown,
  ConfigError,
  WorkspaceError,
  ContextUnavailable,
  ContextUnresolved,
  ContextTooLarge,
  StorageError,
  OutputInvalid,
  ModelError
])
export type HandleMessageError = typeof HandleMessageError.Type

/**
 * Converts an error to the form in which the log stores it.
 *
 * @since 0.1.0
 * @category functions
 */
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
