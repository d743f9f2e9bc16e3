import * as Effect from "effect/Effect"

const turn = Effect.callback<void>((resume) => {
  // In Node's event loop, the check phase (setImmediate) follows the poll phase, which reads input.
  const handle = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(handle))
})

/** Waits until input that the operating system has already received has reached its listeners. */
export const polled: Effect.Effect<void> = Effect.andThen(Effect.sleep(20), Effect.andThen(turn, turn))
