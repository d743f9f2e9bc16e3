import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Duration from "effect/Duration"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { SessionId } from "./Ids.ts"
import type { LogEntry } from "./SessionEvent.ts"

/** How many unread entries are kept for a subscriber before it must read them from the log. */
const window = 1024

interface Subscriber {
  /** Entries published since the last pull; undefined if the subscriber must read the log instead. */
  pending: Array<LogEntry> | undefined
  ended: boolean
  wake: (() => void) | undefined
  /** Number of calls of `publish`. */
  published: number
}

/**
 * Whether published entries continue from the cursor without a gap. Another process may have appended between or before
 * them.
 */
const continues = (cursor: number, entries: ReadonlyArray<LogEntry>): boolean => {
  const last = entries.at(-1)?.seq ?? cursor
  const [first] = entries
  return first === undefined || (first.seq <= cursor + 1 && last - first.seq === entries.length - 1)
}

/**
 * How a subscriber that has received nothing for `interval` detects entries that other processes appended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Others {
  readonly interval: Duration.Duration
  /** Whether the log may contain entries after this sequence number. */
  readonly hasMore: (after: number) => Effect.Effect<boolean>
}

/**
 * Delivers stored entries to subscribers within one process.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionFeed {
  /** Delivers entries that are already stored to the session's subscribers. */
  readonly publish: (id: SessionId, entries: ReadonlyArray<LogEntry>) => void
  /** Ends all subscriptions of a session, because it was removed. */
  readonly end: (id: SessionId) => void
  /** Replays with `read`, then follows. A subscriber that falls behind reads the log again from its cursor. */
  readonly follow: <E, R>(
    id: SessionId,
    after: number,
    read: (after: number) => Effect.Effect<ReadonlyArray<LogEntry>, E, R>,
    /** For logs to which other processes append as well. */
    others?: Others
  ) => Stream.Stream<LogEntry, E, R>
}

/**
 * Helps to implement `SessionManager.follow`. The log serves as the buffer for slow subscribers, so memory use is
 * bounded.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): SessionFeed => {
  const subscribers = new Map<SessionId, Set<Subscriber>>()

  const wake = (subscriber: Subscriber) => {
    const resume = subscriber.wake
    subscriber.wake = undefined
    resume?.()
  }

  const publish: SessionFeed["publish"] = (id, entries) => {
    for (const subscriber of subscribers.get(id) ?? []) {
      subscriber.published++
      if (subscriber.pending !== undefined && subscriber.pending.length + entries.length <= window)
        subscriber.pending.push(...entries)
      else subscriber.pending = undefined
      wake(subscriber)
    }
  }

  const end: SessionFeed["end"] = (id) => {
    for (const subscriber of subscribers.get(id) ?? []) {
      subscriber.ended = true
      wake(subscriber)
    }
  }

  const subscribe = (id: SessionId) => {
    const subscriber: Subscriber = { pending: undefined, ended: false, wake: undefined, published: 0 }
    const set = subscribers.get(id) ?? new Set()
    subscribers.set(id, set.add(subscriber))
    return subscriber
  }

  const unsubscribe = (id: SessionId, subscriber: Subscriber) => {
    const set = subscribers.get(id)
    set?.delete(subscriber)
    if (set?.size === 0) subscribers.delete(id)
  }

  const subscription = (id: SessionId) =>
    Effect.acquireRelease(
      Effect.sync(() => subscribe(id)),
      (subscriber) => Effect.sync(() => unsubscribe(id, subscriber))
    )

  /** Makes a waiting subscriber read the log when another process appended to it. Other subscribers do so by themselves. */
  const watch = (subscriber: Subscriber, { hasMore, interval }: Others, cursor: () => number) => {
    let published = -1
    const look = Effect.suspend(() => {
      const isQuiet = subscriber.wake !== undefined && subscriber.published === published
      published = subscriber.published
      if (!isQuiet) return Effect.void
      return Effect.map(hasMore(cursor()), (more) => {
        if (!more) return
        subscriber.pending = undefined
        wake(subscriber)
      })
    })
    return Effect.sleep(interval).pipe(Effect.andThen(look), Effect.forever, Effect.withTracerEnabled(false))
  }

  const follow = <E, R>(
    id: SessionId,
    after: number,
    read: (after: number) => Effect.Effect<ReadonlyArray<LogEntry>, E, R>,
    others?: Others
  ): Stream.Stream<LogEntry, E, R> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const subscriber = yield* subscription(id)
        let cursor = after
        const news = Effect.callback<void>((resume) => {
          // Entries may have been published since the check, because the fiber may have yielded.
          if (subscriber.ended || subscriber.pending?.length !== 0) return resume(Effect.void)
          subscriber.wake = () => resume(Effect.void)
          return Effect.sync(() => {
            subscriber.wake = undefined
          })
        })
        const next = Effect.suspend(() => {
          const entries = subscriber.pending
          subscriber.pending = []
          return entries === undefined || !continues(cursor, entries)
            ? read(cursor)
            : Effect.succeed<ReadonlyArray<LogEntry>>(entries)
        })
        const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<LogEntry>, E, void, R> = Effect.suspend(() => {
          if (subscriber.ended) return Cause.done()
          if (subscriber.pending?.length === 0) return Effect.andThen(news, pull)
          return Effect.flatMap(next, (entries) => {
            const fresh = entries.filter(({ seq }) => seq > cursor)
            if (!Arr.isReadonlyArrayNonEmpty(fresh)) return pull
            cursor = Arr.lastNonEmpty(fresh).seq
            return Effect.succeed(fresh)
          })
        })
        if (others !== undefined) yield* Effect.forkScoped(watch(subscriber, others, () => cursor))
        return pull.pipe(Effect.succeed, Stream.fromPull)
      })
    )

  return { publish, end, follow }
}
