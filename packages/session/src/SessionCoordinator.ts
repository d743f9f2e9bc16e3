import type { HandleMessageError, SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { RequestId, RoundId, SessionId, TurnId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { PromptManager } from "@parley/domain/PromptManager"
import type { Round } from "@parley/domain/Session"
import type { RequestContext, SessionContext } from "@parley/domain/SessionContext"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import type { Pin } from "@parley/prompt/Pins"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import * as Preview from "./Preview.ts"
import type * as Request from "./Request.ts"
import * as RequestOrigins from "./RequestOrigins.ts"
import type { Recovered } from "./Recovery.ts"
import * as Rounds from "./Rounds.ts"

export interface HandleMessage {
  readonly sessionId: SessionId
  /**
   * The message: text, or text and blocks such as images. What stands in it as it is, is the user's own; wrap what somebody
   * or something else wrote, such as a file, a pipe or a web page, as `{ outside: … }`. That changes nothing of what is
   * sent, and taints the requests that hold it.
   */
  readonly request: Request.Said
  /** The same id sent again names the same round: it is not run twice. */
  readonly requestId?: RequestId | undefined
  /** The words whose `@path` mentions are attached: all of the request's text that is the user's own when absent. */
  readonly mentions?: string | undefined
  /** Slots of dynamic context to ask again whatever their policy says, by id; `*` is all. What is no slot's id says nothing. */
  readonly refresh?: ReadonlyArray<string> | undefined
  /** The configured model when absent. */
  readonly model?: ModelRef | undefined
}

/** The request is durable: from here on it is part of the session, whatever happens. */
export interface Accepted {
  readonly sessionId: SessionId
  readonly roundId: RoundId
}

type Managers = PromptManager | SessionManager | McpManager | ModelsManager

export class SessionCoordinator extends Context.Service<
  SessionCoordinator,
  {
    /**
     * Runs one user message to its end and returns its round. Messages to one session run one after another, in the order
     * they came. Interrupting it cancels the round: every tool call is settled, no fiber is left, and the session takes the
     * next message. A round that `cancel` ended is returned with status `cancelled`.
     */
    readonly handleMessage: (options: HandleMessage) => Effect.Effect<Round, HandleMessageError>
    /** Succeeds when the request is durable; the round runs on in the background, as long as the layer lives. */
    readonly submit: (options: HandleMessage) => Effect.Effect<Accepted, HandleMessageError>
    /** Replays the log from `after` (all of it by default) and follows it. Ends only when the session is removed. */
    readonly events: (
      sessionId: SessionId,
      options?: { readonly after?: number | undefined }
    ) => Stream.Stream<LogEntry, StorageError | SessionNotFound>
    /**
     * Exactly what the next request would hold, with `request` as the user's words. Resolves dynamic context, which runs
     * the declared tools; sends nothing to a model and stores nothing.
     */
    readonly buildContext: (
      sessionId: SessionId,
      request?: HandleMessage["request"]
    ) => Effect.Effect<SessionContext, HandleMessageError>
    /** What was sent for a turn, byte for byte, and where all of it came from: worked out from the log alone. */
    readonly sentContext: (sessionId: SessionId, turnId: TurnId) => Effect.Effect<RequestContext, HandleMessageError>
    /**
     * Makes later requests smaller by a summary of all but the last messages, in a round of its own. What is pinned and what
     * the user said first stay word for word. Fails with `InvalidMessage` when that would save nothing.
     */
    readonly compact: (
      sessionId: SessionId,
      options?: Pick<HandleMessage, "model">
    ) => Effect.Effect<Round, HandleMessageError>
    /** Takes the latest compaction back: later requests hold again what it left out. */
    readonly undoCompaction: (sessionId: SessionId) => Effect.Effect<void, HandleMessageError>
    /**
     * Gives the next round a new baseline: what earlier messages said of files vanishes, and they are shown as they are then.
     * Costs what the provider had cached.
     */
    readonly refresh: (sessionId: SessionId) => Effect.Effect<void, HandleMessageError>
    /** Keeps some words in view through every compaction. They are the user's, unless the pin says that they are not. */
    readonly pin: (sessionId: SessionId, pin: Pin) => Effect.Effect<void, HandleMessageError>
    readonly unpin: (sessionId: SessionId, text: string) => Effect.Effect<void, HandleMessageError>
    /** Ends the session's running round and waits until it is closed. Nothing happens when none runs. */
    readonly cancel: (sessionId: SessionId) => Effect.Effect<void>
    /**
     * Closes rounds that a dead process left open, in every session, and leaves alone what a live one runs. Sends nothing
     * to a model or a tool, and a second run finds nothing to close.
     */
    readonly recover: Effect.Effect<ReadonlyArray<Recovered>, StorageError>
  }
>()("@parley/session/SessionCoordinator") {
  static readonly layer: Layer.Layer<SessionCoordinator, never, Managers> = Layer.effect(
    SessionCoordinator,
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const managers = yield* Effect.context<Managers>()
      const rounds = yield* Rounds.make

      return SessionCoordinator.of({
        handleMessage: Effect.fn("SessionCoordinator.handleMessage")(
          (options: HandleMessage) => rounds.handle(options),
          Effect.provide(managers)
        ),
        submit: Effect.fn("SessionCoordinator.submit")(
          (options: HandleMessage) => rounds.submit(options),
          Effect.provide(managers)
        ),
        events: (sessionId, options) => sessions.follow(sessionId, options?.after ?? 0),
        buildContext: Effect.fn("SessionCoordinator.buildContext")(
          (sessionId: SessionId, request?: HandleMessage["request"]) => Preview.build(sessionId, request),
          Effect.provide(managers)
        ),
        sentContext: Effect.fn("SessionCoordinator.sentContext")(
          (sessionId: SessionId, turnId: TurnId) => RequestOrigins.sent(sessionId, turnId),
          Effect.provide(managers)
        ),
        compact: Effect.fn("SessionCoordinator.compact")(
          (sessionId: SessionId, options?: Pick<HandleMessage, "model">) =>
            rounds.handle({ ...options, sessionId, request: "", purpose: "compaction" }),
          Effect.provide(managers)
        ),
        undoCompaction: (sessionId) => Effect.provide(rounds.undoCompaction(sessionId), managers),
        refresh: (sessionId) => Effect.provide(rounds.refresh(sessionId), managers),
        pin: (sessionId, pin) => Effect.provide(rounds.pin(sessionId, pin), managers),
        unpin: (sessionId, text) => Effect.provide(rounds.unpin(sessionId, text), managers),
        cancel: rounds.cancel,
        recover: Effect.provide(rounds.recover, managers)
      })
    })
  )
}
