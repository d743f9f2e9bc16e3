import * as Effect from "effect/Effect"

const turn = Effect.callback<void>((resume) => {
  // The check phase comes right after the one that reads input.
  const handle = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(handle))
})

/** Waits until input that the system already holds has been handed to its listeners. */
export const polled: Effect.Effect<void> = Effect.andThen(Effect.sleep(20), Effect.andThen(turn, turn))
