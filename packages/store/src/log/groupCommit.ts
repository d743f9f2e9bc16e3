import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { StorageError } from "@parley/domain/Errors"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import type { Append } from "./append.ts"

const closed = () => new StorageError({ operation: "append", reason: "Unavailable", detail: "the store is closed" })

/**
 * The only writer of the process: commits all pending appends together, in the order of arrival. Returns a function that
 * submits an append. When the scope ends, submitted appends are committed first.
 */
export const make = Effect.fnUntraced(function* (options: {
  readonly interval: Duration.Duration
  readonly commit: (group: ReadonlyArray<Append>) => Effect.Effect<void>
}) {
  const interval = Duration.toMillis(options.interval)
  const clock = yield* Clock.Clock
  /** Milliseconds of the monotonic clock. */
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  /** Opened to wake the writer: an append arrived that is due earlier than those it waits for, or the scope ends. */
  const news = Latch.makeUnsafe(false)
  const flushed = new Map<SessionId, { readonly turn: TurnId; readonly at: number }>()
  let waiting: Array<Append> = []
  let due = Infinity
  let closing = false

  /** The first deltas of a turn are due immediately, later ones an interval after the last commit of deltas. */
  const dueAt = ({ deltasOf, id }: Append): number => {
    const last = deltasOf === undefined ? undefined : flushed.get(id)
    return last === undefined || last.turn !== deltasOf ? -Infinity : last.at + interval
  }

  const submit = (append: Append): void => {
    if (closing) return append.settle(Exit.fail(closed()))
    waiting.push(append)
    const at = dueAt(append)
    if (at >= due) return
    due = at
    news.openUnsafe()
  }

  const take = (): ReadonlyArray<Append> => {
    const group = waiting
    waiting = []
    due = Infinity
    return group
  }

  const remember = (group: ReadonlyArray<Append>) => {
    const at = now()
    for (const [id, last] of flushed) if (at - last.at >= interval) flushed.delete(id)
    for (const { deltasOf, id } of group) if (deltasOf !== undefined) flushed.set(id, { turn: deltasOf, at })
  }

  const step: Effect.Effect<void> = Effect.suspend(() => {
    news.closeUnsafe()
    const pause = closing ? 0 : due - now()
    if (pause === Infinity) return news.await
    if (pause > 0) return Effect.timeoutOption(news.await, pause)
    // Let fibers that are ready to run submit their appends to this group.
    return Effect.flatMap(Effect.yieldNow, () => {
      const group = take()
      // Before the commit: once the commit completes an append, its caller may submit the next deltas immediately.
      remember(group)
      return group.length === 0 ? Effect.void : options.commit(group)
    })
  }).pipe(Effect.asVoid)

  const writer = Effect.repeat(step, { until: () => closing && waiting.length === 0 })

  const fiber = yield* Effect.forkScoped(writer, { startImmediately: true })
  yield* Effect.addFinalizer(() => {
    closing = true
    news.openUnsafe()
    return Fiber.await(fiber)
  })
  return submit
})
