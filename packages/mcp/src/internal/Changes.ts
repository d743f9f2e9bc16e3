import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"

/** That a server has said something it offers is no longer what was listed. */
export interface Changes {
  /** Waits until it has said so since this last completed; however often it did, that is once. */
  readonly heard: Effect.Effect<void>
  readonly forget: Effect.Effect<void>
}

export const makeChanges = Effect.map(Queue.sliding<void>(1), (said) => ({
  notify: (): void => void Queue.offerUnsafe(said, undefined),
  changes: { heard: Queue.take(said), forget: Effect.asVoid(Queue.poll(said)) } satisfies Changes
}))

/** Of a server that offers nothing of the kind. */
export const noChanges: Changes = { heard: Effect.never, forget: Effect.void }
