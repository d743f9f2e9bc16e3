import { statSync } from "node:fs"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { StorageError } from "@parley/domain/Errors"

const isStorageError = Schema.is(StorageError)
const pauses = Schedule.min([Schedule.exponential("4 millis"), Schedule.spaced("50 millis")]).pipe(Schedule.jittered)

/**
 * The maximum total wait, as a multiple of the limit, while other processes make commits. Locks are not granted in the order
 * of requests, so with many processes one of them may wait for long.
 */
const mostLimits = 24

/** A value that changes with each commit of any process. */
const stateOf = (path: string): string =>
  [path, `${path}-wal`]
    .map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }))
    .map((stat) => `${stat?.mtimeNs} ${stat?.size}`)
    .join(" ")

/**
 * Retries while another process holds the lock of the database at `path`, until nothing has been committed for `limit`. The
 * pauses let other fibers run and use the connection.
 */
export const retryBusy =
  (limit: Duration.Duration, path: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => {
      const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
      const patience = Duration.toMillis(limit)
      let state: string | undefined
      let progressAt = 0
      let startedAt = 0
      const goesOn = () => {
        const found = stateOf(path)
        if (state === undefined) startedAt = now()
        if (found !== state) progressAt = now()
        state = found
        return now() - progressAt < patience && now() - startedAt < mostLimits * patience
      }
      return Effect.retry(effect, {
        while: (error: E) => isStorageError(error) && error.reason === "Busy" && goesOn(),
        schedule: pauses
      })
    })
