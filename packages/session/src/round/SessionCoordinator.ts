import type { HandleMessageError, SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { PostId, QuestionId, RoundId, SessionId, TurnId } from "@parley/domain/Ids"
import type { InboxMessage } from "@parley/domain/InboxMessage"
import * as LayerContext from "@parley/domain/LayerContext"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Question, QuestionAnswer } from "@parley/domain/Question"
import type { Round } from "@parley/domain/Session"
import type { RequestContext, SessionContext } from "@parley/domain/SessionContext"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import type { SessionSettings } from "@parley/domain/SessionSettings"
import type { Pin } from "@parley/prompt/Pins"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { Answered as AnsweredQuestion, AnswerError, AnswerOptions } from "./Answering.ts"
import type { Accepted, HandleMessage } from "./HandleMessage.ts"
import * as Inbox from "./SessionInbox.ts"
import type { InboxError, SendMessage, Sent } from "./SessionInbox.ts"
import { type Answered, type Decoder } from "../output/StructuredOutput.ts"
import * as StructuredOutput from "../output/StructuredOutput.ts"
import * as ContextPreview from "../context/ContextPreview.ts"
import * as RequestOrigins from "../context/RequestOrigins.ts"
import type { Recovered } from "../log/Recovery.ts"
import type { SessionDifference } from "../log/SessionDifference.ts"
import { pinsAfter } from "../log/SessionState.ts"
import * as Forks from "./Forks.ts"
import type { ForkOptions } from "./Forks.ts"
import * as Rounds from "./Rounds.ts"
import type { ChangedRounds, SettingsChange } from "./SessionEdits.ts"

export type { AnswerError, AnswerOptions } from "./Answering.ts"
export type { SessionDifference } from "../log/SessionDifference.ts"
export type { ForkOptions, ForkPoint } from "./Forks.ts"
export type { Accepted, HandleMessage } from "./HandleMessage.ts"
export type { ChangedRounds, SettingsChange } from "./SessionEdits.ts"
export type { InboxError, SendMessage, Sent } from "./SessionInbox.ts"

type Managers = PromptManager | SessionManager | McpManager | ModelsManager

/** A caller cannot replace these managers for one call; what else a caller provides applies to the call. */
const ownManagers = (built: Context.Context<Managers>) =>
  Context.pick(PromptManager, SessionManager, McpManager, ModelsManager)(built)

/**
 * The engine's main service: accepts user messages, runs rounds of model responses and tool calls, stores everything as
 * events, and serves these to any number of subscribers.
 *
 * Messages to one session run one after another, in the order in which they were received; different sessions run
 * concurrently. While another process holds a session's lease, operations that change the session fail with
 * `SessionBusy`. Rounds respect the values of `Limits`, `Fallbacks`, `CompactionSettings` and `ToolPolicy` that are
 * provided around the call or the layer.
 *
 * @since 0.1.0
 * @category services
 */
export class SessionCoordinator extends Context.Service<
  SessionCoordinator,
  {
    /**
     * Runs one user message to the end of its round and returns the round. A round whose questions stay open, by
     * `ToolPolicy.withoutAsking`, is returned with the status `waiting`; a round that waits is continued before the next
     * message of its session. Fails with the error with which the round
     * failed, or, if the message was not accepted, with the reason; in the latter case nothing of it was stored.
     * Interruption cancels the round: every tool call is settled, no fiber is left running, and the session accepts the
     * next message. A round that was ended by `cancel` is returned with status `cancelled`. With a schema of Effect as
     * `output`, the round has the answer as `value`, decoded by that schema.
     */
    readonly handleMessage: <S extends Decoder = never>(
      options: HandleMessage<S>
    ) => Effect.Effect<Answered<S>, HandleMessageError>
    /**
     * Accepts a user message and returns as soon as it is durable: when the rounds before it in this session are closed and
     * its own round has been stored as started. The round continues in the background while the layer exists; follow it
     * with `events`. Fails if the message is not accepted; later errors are stored with the round. Interruption before
     * that withdraws the message, and nothing of it is stored.
     */
    readonly submit: (options: HandleMessage) => Effect.Effect<Accepted, HandleMessageError>
    /**
     * Runs one user message and emits the events of its round as they are stored, until the round is closed. If a dead
     * process had left a round open, the events that close that round come first. Fails with the error with which the
     * round failed. If `cancel` ends the round, the stream ends with `RoundCancelled` and without an error. Ending the
     * stream early cancels the round, like interrupting `handleMessage`.
     */
    readonly stream: (
      options: HandleMessage,
      /** Called when the message is durable, before the first event. */
      onAccepted?: (accepted: Accepted) => Effect.Effect<void>
    ) => Stream.Stream<LogEntry, HandleMessageError>
    /**
     * Sends a message to the session's inbox, at any time and from any process, and returns as soon as it is durable. It is
     * delivered once: as `delivery` says or, if no round is running, as a round of its own, like `submit`. Messages that
     * wait when a round ends are delivered as rounds of their own, oldest first, before any other message of the session,
     * and after a crash by the next process that runs the session. With a request id that the session has had before, the
     * earlier message is returned. Fails with `MessageClosed` if that one was withdrawn.
     */
    readonly send: (sessionId: SessionId, message: SendMessage) => Effect.Effect<Sent, InboxError>
    /** The messages that wait in the session's inbox, in the order in which they were sent. */
    readonly inbox: (sessionId: SessionId) => Effect.Effect<ReadonlyArray<InboxMessage>, StorageError | SessionNotFound>
    /** Replaces the content of a message that waits. Fails with `MessageClosed` if it was delivered or withdrawn. */
    readonly editMessage: (
      sessionId: SessionId,
      messageId: PostId,
      request: HandleMessage["request"]
    ) => Effect.Effect<void, InboxError>
    /** Withdraws a message that waits. Fails with `MessageClosed` if it was delivered or withdrawn. */
    readonly withdrawMessage: (sessionId: SessionId, messageId: PostId) => Effect.Effect<void, InboxError>
    /**
     * Delivers the messages that wait, after the rounds that run in this process, and emits the session's events after
     * `after` (default: only new ones) until no message waits. Not needed while this process runs rounds of the session: it
     * delivers messages by itself. Ending the stream early cancels a round that it has started. Fails with `SessionBusy`
     * if another process uses the session; that process delivers the messages.
     */
    readonly deliver: (
      sessionId: SessionId,
      options?: { readonly after?: number | undefined }
    ) => Stream.Stream<LogEntry, HandleMessageError>
    /**
     * Replays the events with a sequence number greater than `after` (default 0: all of them), then emits new events of
     * this process and of others. Ends only when the session is removed. Subscribers do not influence rounds.
     */
    readonly events: (
      sessionId: SessionId,
      options?: { readonly after?: number | undefined }
    ) => Stream.Stream<LogEntry, StorageError | SessionNotFound>
    /**
     * Shows exactly what the next request would contain, with `request` as the user's message. Calls the tools of slots
     * according to their policies, but sends no request to a model and stores nothing.
     */
    readonly buildContext: (
      sessionId: SessionId,
      request?: HandleMessage["request"]
    ) => Effect.Effect<SessionContext, HandleMessageError>
    /**
     * Reproduces the request of an earlier turn, byte for byte, with the source of everything in it. Uses only the log.
     * Fails with `InvalidMessage` if the session has no such turn, or if the turn is a summary.
     */
    readonly sentContext: (sessionId: SessionId, turnId: TurnId) => Effect.Effect<RequestContext, HandleMessageError>
    /**
     * Compacts the session in a separate round: a summary replaces all but the last messages, so that later requests are
     * smaller. Pinned texts and the session's first message are kept verbatim. `model` is the model of the conversation
     * (default: the configured one); it also writes the summary unless `CompactionSettings` names another model. Fails
     * with `InvalidMessage` if a summary would not save anything.
     */
    readonly compact: (
      sessionId: SessionId,
      options?: Pick<HandleMessage, "model">
    ) => Effect.Effect<Round, HandleMessageError>
    /**
     * Undoes the last rounds (default: one) that are in effect: later requests are as if these rounds had not happened. The
     * log keeps them, what they cost stays counted, and a message sent again with the `requestId` of one of them still gets
     * that round. Changes between rounds, such as pinned texts, stay. Files of the workspace are not changed back. Fails
     * with `InvalidMessage` if there are not so many rounds. Waits for a running round, as do the following methods.
     */
    readonly undo: (
      sessionId: SessionId,
      options?: { readonly rounds?: number | undefined }
    ) => Effect.Effect<ChangedRounds, HandleMessageError>
    /**
     * Brings back the rounds of the latest `undo`. Fails with `InvalidMessage` if there is none since the last round started
     * or since a compaction was undone.
     */
    readonly redo: (sessionId: SessionId) => Effect.Effect<ChangedRounds, HandleMessageError>
    /**
     * Chooses the model, the effort or the limits of later rounds, as part of the session. A message that names others is
     * not affected. Fails if there is no such model or if it does not take the effort. Returns all settings of the session.
     */
    readonly configure: (
      sessionId: SessionId,
      change: SettingsChange
    ) => Effect.Effect<SessionSettings, HandleMessageError>
    /**
     * Creates a session with a copy of this one's events up to a point, which goes on on its own: its first request is what
     * this session would have sent there. What the copied rounds cost is not counted again. The session may be running a
     * round; only what is closed is copied. Fails with `InvalidMessage` if a session cannot begin at that point.
     */
    readonly fork: (sessionId: SessionId, options?: ForkOptions) => Effect.Effect<SessionInfo, HandleMessageError>
    /**
     * What two sessions have in common, and the rounds that only one of them has. Works without the origin. Fails with
     * `InvalidMessage` if they are not related by forks.
     */
    readonly difference: (left: SessionId, right: SessionId) => Effect.Effect<SessionDifference, HandleMessageError>
    /**
     * Undoes the latest compaction that is in effect, so that later requests contain again what it left out. Fails with
     * `InvalidMessage` if there is none.
     */
    readonly undoCompaction: (sessionId: SessionId) => Effect.Effect<void, HandleMessageError>
    /**
     * Gives the next round a new baseline: files are removed from earlier messages and added with their current content.
     * The provider cannot use its cache for the next request, which makes that request more expensive.
     */
    readonly refresh: (sessionId: SessionId) => Effect.Effect<void, HandleMessageError>
    /**
     * Pins a text: it is kept in the context through all compactions. It counts as written by the user unless
     * `provenance` is set. Fails with `InvalidMessage` if the text is empty, too long or already pinned.
     */
    readonly pin: (sessionId: SessionId, pin: Pin) => Effect.Effect<void, HandleMessageError>
    /** Unpins the text. Fails with `InvalidMessage` if exactly this text is not pinned. */
    readonly unpin: (sessionId: SessionId, text: string) => Effect.Effect<void, HandleMessageError>
    /** The currently pinned texts, oldest first. */
    readonly pins: (sessionId: SessionId) => Effect.Effect<ReadonlyArray<Pin>, StorageError | SessionNotFound>
    /** The questions of the session's latest round that have no answer yet, oldest first. */
    readonly questions: (sessionId: SessionId) => Effect.Effect<ReadonlyArray<Question>, StorageError | SessionNotFound>
    /**
     * Answers a question from any process; only its first answer counts. Returns when the answer is stored, with what became
     * of it. If no process runs the round, it continues in the background here once no question is open, while the layer
     * exists; follow it with `events`. Fails with `QuestionClosed` if the question needs no answer any more, with
     * `QuestionNotFound`, or with `AnswerInvalid`.
     */
    readonly answer: (
      sessionId: SessionId,
      questionId: QuestionId,
      answer: QuestionAnswer,
      options?: AnswerOptions
    ) => Effect.Effect<AnsweredQuestion, AnswerError>
    /**
     * Continues the session's round if it waits for answers without a process, and emits its events until it is closed or
     * waits again. Questions that are still open are decided as in a round that was started here: by the person or the
     * policy of this host. Fails with `InvalidMessage` if no round waits.
     */
    readonly resume: (
      sessionId: SessionId,
      /** Called before the first event. */
      onAccepted?: (accepted: Accepted) => Effect.Effect<void>
    ) => Stream.Stream<LogEntry, HandleMessageError>
    /**
     * Cancels what this process does in the session. The running round is closed: every open tool call is settled, and the
     * round has the status `cancelled`. Messages that wait for it are withdrawn: their callers receive `MessageWithdrawn`.
     * With `roundId`, only that round is cancelled, and waiting messages continue. Messages of the inbox stay there; without
     * `roundId` they are not delivered until the session is used again. Returns when all of this has happened.
     */
    readonly cancel: (sessionId: SessionId, roundId?: RoundId) => Effect.Effect<void>
    /**
     * Recovers all sessions: closes rounds that dead processes left open, and reports what it did. Rounds of live
     * processes are not changed, and rounds that wait for answers stay open. Calls no model and no tool. Idempotent. A session is also recovered before its next
     * round, so calling this is optional.
     */
    readonly recover: Effect.Effect<ReadonlyArray<Recovered>, StorageError>
  }
>()("@parley/session/round/SessionCoordinator") {
  /** The coordinator. Requires the managers; rounds started by `submit` are cancelled when the layer's scope closes. */
  static readonly layer: Layer.Layer<SessionCoordinator, never, Managers> = Layer.effect(
    SessionCoordinator,
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const rounds = yield* Rounds.make
      const { provide, provideStream } = yield* LayerContext.capture(ownManagers)

      const handle = Effect.fn("SessionCoordinator.handleMessage")(
        (options: HandleMessage) => rounds.handle(options),
        provide
      )

      return SessionCoordinator.of({
        handleMessage: <S extends Decoder = never>(options: HandleMessage<S>) =>
          Effect.flatMap(handle(options), (round) => StructuredOutput.decoded(round, options.output)),
        submit: Effect.fn("SessionCoordinator.submit")((options: HandleMessage) => rounds.submit(options), provide),
        stream: (options, onAccepted) => provideStream(rounds.stream(options, onAccepted)),
        send: Effect.fn("SessionCoordinator.send")(
          (sessionId: SessionId, message: SendMessage) => rounds.send(sessionId, message),
          provide
        ),
        inbox: (sessionId) => provide(Inbox.waiting(sessionId)),
        editMessage: (sessionId, messageId, request) => provide(Inbox.edit(sessionId, messageId, request)),
        withdrawMessage: (sessionId, messageId) => provide(Inbox.withdraw(sessionId, messageId)),
        deliver: (sessionId, options) => provideStream(rounds.deliver(sessionId, options?.after)),
        events: (sessionId, options) => sessions.follow(sessionId, options?.after ?? 0),
        buildContext: Effect.fn("SessionCoordinator.buildContext")(
          (sessionId: SessionId, request?: HandleMessage["request"]) => ContextPreview.build(sessionId, request),
          provide
        ),
        sentContext: Effect.fn("SessionCoordinator.sentContext")(
          (sessionId: SessionId, turnId: TurnId) => RequestOrigins.sent(sessionId, turnId),
          provide
        ),
        compact: Effect.fn("SessionCoordinator.compact")(
          (sessionId: SessionId, options?: Pick<HandleMessage, "model">) => rounds.compact(sessionId, options?.model),
          provide
        ),
        undo: (sessionId, options) => provide(rounds.undo(sessionId, options?.rounds ?? 1)),
        redo: (sessionId) => provide(rounds.redo(sessionId)),
        configure: (sessionId, change) => provide(rounds.configure(sessionId, change)),
        fork: Effect.fn("SessionCoordinator.fork")(
          (sessionId: SessionId, options?: ForkOptions) => Forks.fork(sessionId, options ?? {}),
          provide
        ),
        difference: (left, right) => provide(Forks.difference(left, right)),
        undoCompaction: (sessionId) => provide(rounds.undoCompaction(sessionId)),
        refresh: (sessionId) => provide(rounds.refresh(sessionId)),
        pin: (sessionId, pin) => provide(rounds.pin(sessionId, pin)),
        unpin: (sessionId, text) => provide(rounds.unpin(sessionId, text)),
        pins: (sessionId) =>
          Effect.map(sessions.read(sessionId, 0), (entries) =>
            entries.reduce<ReadonlyArray<Pin>>((pins, { event }) => pinsAfter(pins, event), [])
          ),
        questions: (sessionId) => provide(rounds.questions(sessionId)),
        answer: Effect.fn("SessionCoordinator.answer")(
          (sessionId: SessionId, questionId: QuestionId, answer: QuestionAnswer, options?: AnswerOptions) =>
            rounds.answer(sessionId, questionId, answer, options),
          provide
        ),
        resume: (sessionId, onAccepted) => provideStream(rounds.resume(sessionId, onAccepted)),
        cancel: rounds.cancel,
        recover: provide(rounds.recover)
      })
    })
  )
}
