import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { StorageError } from "@parley/domain/Errors"

const isStorageError = Schema.is(StorageError)
const pauses = Schedule.min([Schedule.exponential("4 millis"), Schedule.spaced("50 millis")]).pipe(Schedule.jittered)

/** Tries again while another process holds the lock. The pauses leave the event loop, and the connection, to others. */
export const retryBusy =
  (limit: Duration.Duration) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.retry(effect, {
      while: (error: E) => isStorageError(error) && error.reason === "Busy",
      schedule: Schedule.upTo(pauses, { duration: limit })
    })
