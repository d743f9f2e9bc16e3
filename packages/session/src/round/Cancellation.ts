import { MessageWithdrawn } from "@parley/domain/Errors"
import type { RoundId, SessionId } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { SessionLog } from "../log/SessionLog.ts"

/** A message that waits until the session is free. */
interface Waiting {
  readonly sessionId: SessionId
  readonly fiber: Fiber.Fiber<unknown, unknown>
  isWithdrawn: boolean
}

/** The messages that wait in this process and the rounds that run in it, so that `cancel` can reach both. */
export const make = () => {
  const waiting = new Set<Waiting>()
  const running = new Map<SessionId, { readonly fiber: Fiber.Fiber<unknown, unknown>; roundId?: RoundId }>()

  /** Runs `work`, which can be withdrawn until it calls the function that it receives. */
  const withdrawable = <A, E, R>(
    sessionId: SessionId,
    work: (begins: () => void) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | MessageWithdrawn, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.withFiber<A, E | MessageWithdrawn, R>((fiber) => {
        const entry: Waiting = { sessionId, fiber, isWithdrawn: false }
        waiting.add(entry)
        const begins = () => void waiting.delete(entry)
        return restore(work(begins)).pipe(
          Effect.ensuring(Effect.sync(begins)),
          Effect.catchCauseIf(
            (cause) => entry.isWithdrawn && Cause.hasInterrupts(cause),
            () => Effect.fail(new MessageWithdrawn({ sessionId }))
          )
        )
      })
    )

  /**
   * Runs a round in a fiber that `cancel` can interrupt, calls `begins`, and returns the round's result. If the fiber was
   * interrupted but the round was closed, the closed round is the result.
   */
  const cancellable = <E, R>(
    log: SessionLog,
    begins: () => void,
    round: Effect.Effect<Round, E, R>
  ): Effect.Effect<Round, E, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        // A round that is open now is the one that continues.
        const before = log.state.round?.open === true ? undefined : log.state.round?.id
        const fiber = yield* Effect.forkChild(restore(round))
        running.set(log.id, { fiber })
        begins()
        const exit = yield* restore(Fiber.await(fiber)).pipe(
          Effect.onInterrupt(() => Fiber.interrupt(fiber)),
          Effect.ensuring(Effect.sync(() => running.delete(log.id)))
        )
        const last = log.state.round
        const isClosed = last !== undefined && last.id !== before && !last.open
        return Exit.hasInterrupts(exit) && isClosed ? last.round() : yield* exit
      })
    )

  /** Names the running round of a session, so that `cancel` can be restricted to it. */
  const started = (sessionId: SessionId, roundId: RoundId): void => {
    const current = running.get(sessionId)
    if (current !== undefined) current.roundId = roundId
  }

  const withdraw = (sessionId: SessionId) =>
    Effect.suspend(() => {
      const entries = [...waiting].filter((entry) => entry.sessionId === sessionId)
      for (const entry of entries) entry.isWithdrawn = true
      return Fiber.interruptAll(entries.map(({ fiber }) => fiber))
    })

  const interrupt = (sessionId: SessionId, roundId: RoundId | undefined) =>
    Effect.suspend(() => {
      const current = running.get(sessionId)
      return current === undefined || (roundId !== undefined && current.roundId !== roundId)
        ? Effect.void
        : Fiber.interrupt(current.fiber)
    })

  /** See `SessionCoordinator.cancel`. Withdraws first, because the end of the running round starts the next message. */
  const cancel = (sessionId: SessionId, roundId?: RoundId): Effect.Effect<void> =>
    Effect.andThen(roundId === undefined ? withdraw(sessionId) : Effect.void, interrupt(sessionId, roundId))

  return {
    withdrawable,
    cancellable,
    started,
    cancel,
    isRunning: (sessionId: SessionId) => running.has(sessionId),
    /** Whether a round of the session runs or waits in this process. */
    isUsed: (sessionId: SessionId) =>
      running.has(sessionId) || [...waiting].some((entry) => entry.sessionId === sessionId)
  }
}
