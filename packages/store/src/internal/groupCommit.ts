import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { StorageError } from "@parley/domain/Errors"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import type { Append } from "./append.ts"

const closed = new StorageError({ operation: "append", reason: "Unavailable", detail: "it is closed" })

/**
 * The one writer of the process: whatever has arrived is committed together, in the order of arrival. Returns how to hand
 * over an append. When the scope ends, what was handed over is committed first.
 */
export const make = Effect.fnUntraced(function* (options: {
  readonly interval: Duration.Duration
  readonly commit: (group: ReadonlyArray<Append>) => Effect.Effect<void>
}) {
  const interval = Duration.toMillis(options.interval)
  const clock = yield* Clock.Clock
  /** Open when the writer has to look again: something arrived that is due sooner than what it waits for. */
  const news = Latch.makeUnsafe(false)
  const flushed = new Map<SessionId, { readonly turn: TurnId; readonly at: number }>()
  let waiting: Array<Append> = []
  let due = Infinity
  let closing = false

  /** The first deltas of a turn are due at once; the next ones an interval after the last that were committed. */
  const dueAt = ({ deltasOf, id }: Append): number => {
    const last = deltasOf === undefined ? undefined : flushed.get(id)
    return last === undefined || last.turn !== deltasOf ? -Infinity : last.at + interval
  }

  const submit = (append: Append): void => {
    if (closing) return append.settle(Exit.fail(closed))
    waiting.push(append)
    const at = dueAt(append)
    if (at >= due) return
    due = at
    news.openUnsafe()
  }

  const take = (): ReadonlyArray<Append> => {
    const group = waiting.filter((append) => !append.abandoned)
    waiting = []
    due = Infinity
    return group
  }

  const remember = (group: ReadonlyArray<Append>) => {
    const at = clock.currentTimeMillisUnsafe()
    for (const [id, last] of flushed) if (at - last.at >= interval) flushed.delete(id)
    for (const { deltasOf, id } of group) if (deltasOf !== undefined) flushed.set(id, { turn: deltasOf, at })
  }

  /** Milliseconds until something is due: infinite when nothing waits. */
  const pause = (): number =>
    closing
      ? 0
      : due === Infinity
        ? Infinity
        : // A clock that was set back must not make anybody wait longer than the interval.
          Math.min(due - clock.currentTimeMillisUnsafe(), interval)

  const step: Effect.Effect<void> = Effect.suspend(() => {
    news.closeUnsafe()
    const millis = pause()
    if (millis === Infinity) return news.await
    if (millis > 0) return Effect.timeoutOption(news.await, millis)
    const group = take()
    return group.length === 0 ? Effect.void : Effect.map(options.commit(group), () => remember(group))
  }).pipe(Effect.asVoid)

  const writer = Effect.repeat(step, { until: () => closing && waiting.length === 0 })

  const fiber = yield* Effect.forkScoped(writer)
  yield* Effect.addFinalizer(() => {
    closing = true
    news.openUnsafe()
    return Fiber.await(fiber)
  })
  return submit
})
