import type { AnswerInvalid, HandleMessageError, QuestionClosed, QuestionNotFound } from "@parley/domain/Errors"
import type { PostId, QuestionId, RequestId, RoundId, SessionId } from "@parley/domain/Ids"
import type { Delivery } from "@parley/domain/InboxMessage"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { PromptManager } from "@parley/domain/PromptManager"
import type { Question, QuestionAnswer } from "@parley/domain/Question"
import type { Round } from "@parley/domain/Session"
import type { SessionContext } from "@parley/domain/SessionContext"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import type { SessionManager } from "@parley/domain/SessionManager"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type * as Scope from "effect/Scope"

/**
 * The part of a session coordinator that programs use.
 *
 * @since 0.1.0
 * @category models
 */
export interface Engine {
  /** Runs a message to the end of its round. */
  readonly handleMessage: (options: {
    readonly sessionId: SessionId
    readonly request: string
    readonly edit?: RoundId | undefined
  }) => Effect.Effect<Round, HandleMessageError>
  /** Undoes the last rounds. */
  readonly undo: (
    sessionId: SessionId,
    options: { readonly rounds: number }
  ) => Effect.Effect<unknown, HandleMessageError>
  /** Brings back the rounds that were undone last. */
  readonly redo: (sessionId: SessionId) => Effect.Effect<unknown, HandleMessageError>
  /** Creates a session with a copy of what is closed of this one. */
  readonly fork: (sessionId: SessionId) => Effect.Effect<SessionInfo, HandleMessageError>
  /** Sends a message to the inbox of a session. */
  readonly send: (
    sessionId: SessionId,
    message: { readonly request: string; readonly delivery: Delivery; readonly requestId?: RequestId | undefined }
  ) => Effect.Effect<{ readonly messageId: PostId }, HandleMessageError>
  /** Replaces the content of a message that waits. */
  readonly editMessage: (
    sessionId: SessionId,
    messageId: PostId,
    request: string
  ) => Effect.Effect<void, HandleMessageError>
  /** Withdraws a message that waits. */
  readonly withdrawMessage: (sessionId: SessionId, messageId: PostId) => Effect.Effect<void, HandleMessageError>
  /** Cancels the running round of a session. */
  readonly cancel: (sessionId: SessionId) => Effect.Effect<void>
  /** The request that the next message would lead to. */
  readonly buildContext: (sessionId: SessionId, request?: string) => Effect.Effect<SessionContext, HandleMessageError>
  /** The open questions of a session, oldest first. */
  readonly questions: (sessionId: SessionId) => Effect.Effect<ReadonlyArray<Question>, HandleMessageError>
  /** Answers a question of any process. */
  readonly answer: (
    sessionId: SessionId,
    questionId: QuestionId,
    answer: QuestionAnswer,
    options: { readonly continues: boolean }
  ) => Effect.Effect<unknown, HandleMessageError | QuestionClosed | QuestionNotFound | AnswerInvalid>
  /** Continues a round that waits for answers, until it is closed or waits again. */
  readonly resume: (sessionId: SessionId) => Stream.Stream<unknown, HandleMessageError>
  readonly recover: Effect.Effect<ReadonlyArray<{ readonly _tag: string }>, HandleMessageError>
}

/**
 * Creates one engine, once for each process of a program. Optional managers are also provided in its context.
 *
 * @since 0.1.0
 * @category models
 */
export type MakeEngine = Effect.Effect<
  Engine,
  never,
  PromptManager | SessionManager | McpManager | ModelsManager | Scope.Scope
>

/**
 * How programs use managers of the user instead of the scripted ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProgramOptions {
  /**
   * The user's managers of models, tools, prompts, files and slots, any of them. They are built once for each process of a
   * program. The scripted managers are in their context, so that a manager that connects to something can connect to the
   * script. A session manager is not given here: it is the one in the context of `run`.
   */
  readonly managers?: Layer.Layer<never, never, ModelsManager | McpManager | PromptManager>
  /**
   * Whether the managers pass on what the scripted ones return, so that the reference model predicts turns, outcomes and the
   * ends of rounds. Default: true. If false, everything else is compared: requests, the order of messages, what senders
   * receive, and all invariants.
   */
  readonly predictable?: boolean
}
