import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"

/** Notifications within this many milliseconds of the first count as one. */
export const coalescedMillis = 200

/** A server's notifications that one of its lists has changed. */
export interface Changes {
  /** Completes on the next notification. Any number of notifications since it last completed count as one. */
  readonly next: Effect.Effect<void>
  /** Discards a pending notification. */
  readonly discard: Effect.Effect<void>
}

export const makeChanges = Effect.map(Queue.sliding<void>(1), (queue) => ({
  notify: (): void => void Queue.offerUnsafe(queue, undefined),
  changes: { next: Queue.take(queue), discard: Effect.asVoid(Queue.poll(queue)) } satisfies Changes
}))

/** For a server that sends no such notifications. */
export const noChanges: Changes = { next: Effect.never, discard: Effect.void }
