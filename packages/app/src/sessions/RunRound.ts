import { textOf } from "@parley/domain/Content"
import type { HandleMessageError } from "@parley/domain/Errors"
import type { RoundId, SessionId } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import type { LogEntry } from "@parley/domain/SessionEvent"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import { type Accepted, type HandleMessage, SessionCoordinator } from "@parley/session/SessionCoordinator"
import { SessionTitles } from "../engine/SessionTitles.ts"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"

/** How long to wait until the remaining events of a cancelled round are shown. */
const patience = "5 seconds"

type Show = (entry: LogEntry) => Effect.Effect<void>
type Last = (round: Round) => Effect.Effect<void>
type OnAccepted = (accepted: Accepted) => Effect.Effect<void>

/**
 * Sends one message and calls `show` with each event of its round as it is stored, until the round closes or waits for
 * answers. Returns the round, or fails with the round's error. On interruption, the round is cancelled and its remaining
 * events are shown. `last` receives the stored round however it ended; it is not called if the message was not admitted.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fn("RunRound.run")((message: HandleMessage, show: Show, last?: Last) =>
  SessionCoordinator.use((coordinator) =>
    shown(message.sessionId, (accepted) => coordinator.stream(message, accepted), show, last)
  )
)

/**
 * Continues a round that waits for answers, as `run` does with the round of a message.
 *
 * @since 0.1.0
 * @category functions
 */
export const resume = Effect.fn("RunRound.resume")((sessionId: SessionId, show: Show, last?: Last) =>
  SessionCoordinator.use((coordinator) =>
    shown(sessionId, (accepted) => coordinator.resume(sessionId, accepted), show, last)
  )
)

const shown = Effect.fnUntraced(function* (
  sessionId: SessionId,
  stream: (accepted: OnAccepted) => Stream.Stream<LogEntry, HandleMessageError>,
  show: Show,
  last: Last = () => Effect.void
) {
  const coordinator = yield* SessionCoordinator
  const sessions = yield* SessionManager
  const { head, titledBy } = yield* sessions.get(sessionId)
  const titles = yield* SessionTitles
  // Beside the round, which does not wait for it: if the round ends first, the next one asks again.
  const titled = ({ event }: LogEntry) =>
    titles === undefined || titledBy !== undefined || event._tag !== "RoundStarted" || event.purpose !== undefined
      ? Effect.void
      : titles(sessionId, textOf(event.request)).pipe(Effect.forkScoped, Effect.asVoid)
  let roundId: RoundId | undefined
  const accepted = (round: Accepted) => Effect.sync(() => void (roundId = round.roundId))
  const showing = yield* stream(accepted).pipe(
    Stream.runForEach((entry) => Effect.andThen(titled(entry), show(entry))),
    Effect.forkScoped({ startImmediately: true })
  )
  const roundIn = (after: number) =>
    Effect.map(sessions.read(sessionId, after), (entries) =>
      SessionFold.fromEvents(sessionId, entries).rounds.find(({ id }) => id === roundId)
    )
  /** A round that continues, and that of a message sent before under the same request id, began before `head`. */
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
