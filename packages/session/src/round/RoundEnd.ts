import { type HandleMessageError, toFailure } from "@parley/domain/Errors"
import type { RoundId } from "@parley/domain/Ids"
import type { EventOf } from "@parley/domain/SessionEvent"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Closing from "../log/Closing.ts"
import { traceFailure } from "../log/FailureTrace.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import type { RoundStop } from "./RoundRunner.ts"

type RoundEnd = EventOf<"RoundCompleted" | "RoundFailed" | "RoundCancelled">
type RoundExit = Exit.Exit<RoundStop, HandleMessageError>

/** The event that closes the round; undefined if it waits for answers. */
const endOf = (roundId: RoundId, exit: RoundExit): RoundEnd | undefined => {
  if (Exit.isSuccess(exit))
    return exit.value === "parked" ? undefined : { _tag: "RoundCompleted", roundId, stop: exit.value }
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return { _tag: "RoundFailed", roundId, failure: toFailure(error.value) }
  if (!Cause.hasDies(exit.cause)) return { _tag: "RoundCancelled", roundId }
  const message = Cause.prettyErrors(exit.cause)[0]?.message ?? "no reason given"
  return { _tag: "RoundFailed", roundId, failure: { error: "Defect", message } }
}

/**
 * Closes the round and settles its open tool calls, unless it waits for answers. If the log has failed, recovery closes the
 * round later.
 */
const close = (log: SessionLog, exit: RoundExit) =>
  Effect.suspend(() => {
    const { round } = log.state
    if (round === undefined || !round.open) return Effect.void
    const failure = log.failure()
    if (failure !== undefined) return Effect.fail(failure)
    const end = endOf(round.id, exit)
    return end === undefined ? Effect.void : log.append(Closing.events(log.state, end))
  })

/**
 * Runs a round and closes it. If its end cannot be stored, that error replaces the round's own error. If the round was
 * cancelled, no caller receives the error, so it is logged.
 */
export const closing = <R>(log: SessionLog, work: Effect.Effect<RoundStop, HandleMessageError, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.exit(restore(work)), (exit) =>
      traceFailure(exit, "The round failed because of a bug in a provider or a manager").pipe(
        Effect.andThen(close(log, exit)),
        Effect.tapError((error) =>
          Exit.hasInterrupts(exit)
            ? Effect.logError(`The end of the round could not be stored: ${error.message}`)
            : Effect.void
        ),
        Effect.andThen(exit)
      )
    )
  )

/** The round of the session as it is now: closed, or waiting for answers. */
export const ended = (log: SessionLog, roundId: RoundId) =>
  Effect.suspend(() => {
    const { round } = log.state
    return round?.open === false || round?.isParked === true
      ? Effect.succeed(round.round())
      : Effect.die(`round ${roundId} ended without being closed`)
  })
