import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { SessionId } from "./Ids.ts"
import type { LogEntry } from "./SessionEvent.ts"

/** How many unread entries a subscriber may hold before it has to read the log again. */
const window = 1024

interface Subscriber {
  /** Entries published since the last pull, or undefined when the log must be read instead. */
  pending: Array<LogEntry> | undefined
  ended: boolean
  wake: (() => void) | undefined
}

export interface SessionFeed {
  /** Tells subscribers of entries that are already stored. */
  readonly publish: (id: SessionId, entries: ReadonlyArray<LogEntry>) => void
  /** Ends every subscription of a session. */
  readonly end: (id: SessionId) => void
  /** Replays with `read` and then follows; a subscriber that falls behind is given the log again from its cursor. */
  readonly follow: <E, R>(
    id: SessionId,
    after: number,
    read: (after: number) => Effect.Effect<ReadonlyArray<LogEntry>, E, R>
  ) => Stream.Stream<LogEntry, E, R>
}

/** The live half of `SessionManager.follow`, for whoever implements one. The log is the buffer: memory stays bounded. */
export const make = (): SessionFeed => {
  const subscribers = new Map<SessionId, Set<Subscriber>>()

  const wake = (subscriber: Subscriber) => {
    const resume = subscriber.wake
    subscriber.wake = undefined
    resume?.()
  }

  const publish: SessionFeed["publish"] = (id, entries) => {
    for (const subscriber of subscribers.get(id) ?? []) {
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
    const subscriber: Subscriber = { pending: undefined, ended: false, wake: undefined }
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

  const follow = <E, R>(
    id: SessionId,
    after: number,
    read: (after: number) => Effect.Effect<ReadonlyArray<LogEntry>, E, R>
  ): Stream.Stream<LogEntry, E, R> =>
    Stream.unwrap(
      Effect.map(subscription(id), (subscriber) => {
        let cursor = after
        const news = Effect.callback<void>((resume) => {
          subscriber.wake = () => resume(Effect.void)
          return Effect.sync(() => {
            subscriber.wake = undefined
          })
        })
        const next = Effect.suspend(() => {
          const entries = subscriber.pending
          subscriber.pending = []
          return entries === undefined ? read(cursor) : Effect.succeed<ReadonlyArray<LogEntry>>(entries)
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
        return pull.pipe(Effect.succeed, Stream.fromPull)
      })
    )

  return { publish, end, follow }
}
