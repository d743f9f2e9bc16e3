import type { RoundId } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import type { LogEntry } from "@parley/domain/SessionEvent"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import { type Accepted, type HandleMessage, SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"

/** How long to wait until the remaining events of a cancelled round are shown. */
const patience = "5 seconds"

/**
 * Sends one message and calls `show` with each event of its round as it is stored, until the round closes. Returns the
 * round, or fails with the round's error. On interruption, the round is cancelled and its remaining events are shown.
 * `last` receives the stored round however it ended; it is not called if the message was not admitted.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fn("RunRound.run")(function* (
  message: HandleMessage,
  show: (entry: LogEntry) => Effect.Effect<void>,
  last: (round: Round) => Effect.Effect<void> = () => Effect.void
) {
  const coordinator = yield* SessionCoordinator
  const sessions = yield* SessionManager
  const { sessionId } = message
  const { head } = yield* sessions.get(sessionId)
  let roundId: RoundId | undefined
  const accepted = (round: Accepted) => Effect.sync(() => void (roundId = round.roundId))
  const showing = yield* coordinator
    .stream(message, accepted)
    .pipe(Stream.runForEach(show), Effect.forkScoped({ startImmediately: true }))
  const roundIn = (after: number) =>
    Effect.map(sessions.read(sessionId, after), (entries) =>
      SessionFold.fromEvents(sessionId, entries).rounds.find(({ id }) => id === roundId)
    )
  /** The round of a message that was sent before under the same request id is older than `head`. */
  const stored = Effect.suspend(() => (roundId === undefined ? Effect.undefined : roundIn(head))).pipe(
    Effect.flatMap((round) => (round !== undefined || roundId === undefined ? Effect.succeed(round) : roundIn(0)))
  )
  const showStored = Effect.flatMap(stored, (round) => (round === undefined ? Effect.void : last(round)))
  const cancel = Effect.suspend(() =>
    roundId === undefined
      ? // The session may be running the round of another caller, which goes on.
        Fiber.interrupt(showing)
      : Effect.andThen(coordinator.cancel(sessionId, roundId), Effect.timeoutOption(Fiber.await(showing), patience))
  )
  return yield* Fiber.join(showing).pipe(
    Effect.onInterrupt(() => cancel),
    Effect.onError(() => Effect.ignore(showStored)),
    Effect.andThen(stored),
    Effect.flatMap((round) =>
      round === undefined ? Effect.die("a round ended but is not stored") : Effect.succeed(round)
    ),
    Effect.tap(last)
  )
}, Effect.scoped)
