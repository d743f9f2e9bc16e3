import { type HandleMessageError, toFailure } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { InboxMessage } from "@parley/domain/InboxMessage"
import type { Round } from "@parley/domain/Session"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Stream from "effect/Stream"
import * as Recovery from "../log/Recovery.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import type * as Cancellation from "./Cancellation.ts"
import * as Inbox from "./SessionInbox.ts"
import type { Managers } from "./Opening.ts"
import { parkedIn } from "./ParkedRounds.ts"
import type { OpenSessions } from "./OpenSessions.ts"

/** How long a session that another process uses is left alone, before its inbox is read again. */
const patience = "1 second"

/** The round of a message that was accepted but cannot run: it has failed, and the message is not lost. */
const failed = (
  { nextRoundId: roundId }: SessionLog["state"],
  { id: messageId, outside, request, requestId }: InboxMessage,
  error: HandleMessageError
): ReadonlyArray<SessionEvent> => [
  {
    _tag: "RoundStarted",
    roundId,
    request,
    outside,
    messageId,
    ...(requestId === undefined ? {} : { requestId })
  },
  { _tag: "RoundFailed", roundId, failure: toFailure(error) }
]

/** Runs messages of the inbox as rounds of their own: before other rounds of their session, and when a session is idle. */
export const make = Effect.fnUntraced(function* (options: {
  readonly open: OpenSessions
  readonly cancellation: ReturnType<typeof Cancellation.make>
  /** Runs the message as a round. Fails with `MessageClosed` if it no longer waits. */
  readonly run: (log: SessionLog, message: InboxMessage) => Effect.Effect<Round, HandleMessageError, Managers>
}) {
  const { cancellation, open, run } = options
  const fibers = yield* FiberSet.make<void, HandleMessageError>()

  const roundOf = (log: SessionLog, message: InboxMessage) =>
    Effect.suspend(() => {
      const { nextRoundId: roundId } = log.state
      return cancellation
        .cancellable(log, () => {}, run(log, message))
        .pipe(
          Effect.asVoid,
          // Edited or withdrawn after it was read.
          Effect.catchTag("MessageClosed", () => Effect.void),
          Effect.catchIf(
            (error) => error._tag !== "StorageError" && log.failure() === undefined,
            (error) =>
              // The failure of a round is stored with it.
              log.state.round?.id === roundId ? Effect.void : log.take([message], failed(log.state, message, error))
          )
        )
    })

  /** Delivers the oldest message that waits. Returns whether there was one. */
  const next = (log: SessionLog) =>
    Effect.gen(function* () {
      const [message] = yield* Inbox.waiting(log.id)
      if (message === undefined) return false
      const { requestId } = message
      // The session already has the round that this message asks for.
      const isRepeated = requestId !== undefined && log.state.requests.has(requestId)
      yield* isRepeated ? log.take([message], []) : roundOf(log, message)
      return true
    }).pipe(Effect.catchTag("PostChanged", () => Effect.succeed(true)))

  /**
   * Delivers all messages that wait, oldest first. Returns whether none waits: nothing follows a round that is parked. The
   * session must have no round that runs.
   */
  const drain = (log: SessionLog): Effect.Effect<boolean, HandleMessageError, Managers> =>
    Effect.suspend(() =>
      parkedIn(log) !== undefined
        ? Effect.succeed(false)
        : Effect.flatMap(next(log), (more) => (more ? drain(log) : Effect.succeed(true)))
    )

  const drained = (sessionId: SessionId) =>
    cancellation.withdrawable(sessionId, () =>
      open.use(sessionId, (log) => Effect.andThen(Recovery.recover(log), drain(log)))
    )

  const isWaiting = (sessionId: SessionId) => Effect.map(Inbox.waiting(sessionId), (messages) => messages.length > 0)

  /** Whether to deliver again: messages have arrived meanwhile, and the session can go on. */
  const moreAfter = <E, R>(delivered: Effect.Effect<boolean, E, R>, sessionId: SessionId) =>
    Effect.flatMap(delivered, (goesOn) => (goesOn ? isWaiting(sessionId) : Effect.succeed(false)))

  /** Delivers messages until none waits. */
  const all = (sessionId: SessionId) =>
    Effect.repeat(moreAfter(drained(sessionId), sessionId), { while: (more) => more }).pipe(Effect.asVoid)

  /**
   * Delivers messages until none waits, for no caller. A process that uses the session delivers them itself when its round
   * has ended, unless it dies before.
   */
  const unattended = (sessionId: SessionId) =>
    drained(sessionId).pipe(
      Effect.catchTag("SessionBusy", () => Effect.as(Effect.sleep(patience), true)),
      (delivered) => moreAfter(delivered, sessionId),
      Effect.repeat({ while: (more) => more }),
      Effect.asVoid,
      Effect.catchTag("MessageWithdrawn", () => Effect.void),
      Effect.catch((error) => Effect.logWarning(`Messages of session ${sessionId} wait: ${error.message}`))
    )

  const begin = (sessionId: SessionId) => Effect.asVoid(FiberSet.run(fibers, unattended(sessionId)))

  /** Sessions with messages that this process has left to a round of its own. */
  const left = new Set<SessionId>()

  /** Accepts a message. If this process does not use the session, delivers it, unless another process does. */
  const send = (sessionId: SessionId, message: Inbox.SendMessage) =>
    Effect.tap(Inbox.send(sessionId, message), () => {
      if (!cancellation.isUsed(sessionId)) return begin(sessionId)
      left.add(sessionId)
      return Effect.void
    })

  /**
   * To be run after each round, when the lease of the session is released: messages were left to this process. After a round
   * that was cancelled they wait until the session is used again, and after a compaction only this process's own count.
   */
  const afterwards = (sessionId: SessionId, ended: "message" | "compaction" | "cancelled") =>
    Effect.suspend(() => {
      const isWanted = left.delete(sessionId) ? ended !== "cancelled" : ended === "message"
      if (!isWanted) return Effect.void
      return Effect.flatMap(
        Effect.orElseSucceed(isWaiting(sessionId), () => false),
        (more) => (more ? begin(sessionId) : Effect.void)
      )
    })

  /** Delivers messages until none waits, and emits the events of the session after `after` until then. */
  const deliver = (sessionId: SessionId, after: number | undefined) =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      let last = after ?? (yield* sessions.get(sessionId)).head
      const fiber = yield* Effect.acquireRelease(FiberSet.run(fibers, all(sessionId)), Fiber.interrupt)
      const rest = Effect.map(
        Effect.suspend(() => sessions.read(sessionId, last)),
        Stream.fromIterable
      )
      return sessions.follow(sessionId, last).pipe(
        Stream.interruptWhen(Fiber.join(fiber)),
        Stream.tap(({ seq }) =>
          Effect.sync(() => {
            last = seq
          })
        ),
        Stream.concat(Stream.unwrap(rest))
      )
    }).pipe(Stream.unwrap)

  return { drain, send, afterwards, deliver }
})
