import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

/** Waits until the condition is false, checking every 20 milliseconds, for at most `atMost`. */
export const waitWhile = (condition: () => boolean, atMost: Duration.Duration): Effect.Effect<void> =>
  Effect.sync(condition).pipe(
    Effect.repeat({ while: (holds) => holds, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOption(atMost),
    Effect.asVoid
  )
