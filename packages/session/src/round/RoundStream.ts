import type { HandleMessageError } from "@parley/domain/Errors"
import type { RoundId, SessionId } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import { endsRound, type LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import type { Accepted } from "./HandleMessage.ts"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"

/** A round that is being started. `accepted` is completed when the message is durable or was rejected. */
export interface Started {
  readonly accepted: Deferred.Deferred<Admitted, HandleMessageError>
  readonly fiber: Fiber.Fiber<Round, HandleMessageError>
}

export interface Admitted {
  readonly sessionId: SessionId
  readonly roundId: RoundId
  /** Whether a message with the same request id was sent before, so that the round is an earlier one. */
  readonly isRepeated: boolean
}

const isEndOf =
  (roundId: RoundId) =>
  ({ event }: LogEntry): boolean =>
    endsRound(event) && event.roundId === roundId

/** Filters out the rounds of other callers that run first. Events with which recovery closes an earlier round are kept. */
const withoutOthers = (roundId: RoundId) => {
  let isOther = false
  return ({ event }: LogEntry): boolean => {
    if (event._tag === "RoundStarted") isOther = event.roundId !== roundId
    return !isOther
  }
}

/** The stored events of an earlier round. */
const stored = (sessionId: SessionId, roundId: RoundId) =>
  SessionManager.use((sessions) => sessions.read(sessionId, 0)).pipe(
    Effect.map((entries) => {
      const from = entries.findIndex(({ event }) => event._tag === "RoundStarted" && event.roundId === roundId)
      const to = entries.findIndex(isEndOf(roundId))
      return Stream.fromIterable(entries.slice(from, to < 0 ? entries.length : to + 1))
    }),
    Stream.unwrap
  )

/**
 * Starts a round and emits its events as they are stored, until it is closed or waits for answers. Fails with the round's
 * error. Ending the stream early cancels the round.
 */
export const make = <R>(
  sessionId: SessionId,
  start: Effect.Effect<Started, never, R>,
  onAccepted: (accepted: Accepted) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const { head } = yield* sessions.get(sessionId)
    const { accepted, fiber } = yield* Effect.acquireRelease(start, (started) => Fiber.interrupt(started.fiber))
    const { isRepeated, roundId } = yield* Deferred.await(accepted)
    yield* onAccepted({ sessionId, roundId })
    if (isRepeated) return yield* Effect.succeed(stored(sessionId, roundId))

    const isClosed = Effect.map(sessions.read(sessionId, head), (entries) => entries.some(isEndOf(roundId)))
    // If the end of the round could not be stored, or it waits for answers, there is no last event to wait for.
    const endsUnclosed = Effect.flatMap(Fiber.await(fiber), (exit) =>
      Exit.isSuccess(exit)
        ? exit.value.status === "waiting"
          ? Effect.void
          : Effect.never
        : Effect.flatMap(
            Effect.orElseSucceed(isClosed, () => false),
            (closed) => (closed ? Effect.never : exit)
          )
    )
    let last = head
    const isMine = withoutOthers(roundId)
    /** The events of a waiting round that were stored before its stream was interrupted. */
    const rest = Effect.suspend(() => sessions.read(sessionId, last)).pipe(
      Effect.map(Stream.fromIterable),
      Stream.unwrap
    )
    return sessions.follow(sessionId, head).pipe(
      Stream.tap(({ seq }) => Effect.sync(() => (last = seq))),
      Stream.filter(isMine),
      Stream.takeUntil(isEndOf(roundId)),
      Stream.interruptWhen(endsUnclosed),
      Stream.concat(
        Effect.map(Fiber.join(fiber), ({ status }) =>
          status === "waiting" ? Stream.filter(rest, isMine) : Stream.empty
        ).pipe(Stream.unwrap)
      )
    )
  }).pipe(Stream.unwrap)
