import { statSync } from "node:fs"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { StorageError } from "@parley/domain/Errors"

const isStorageError = Schema.is(StorageError)
const pauses = Schedule.min([Schedule.exponential("4 millis"), Schedule.spaced("50 millis")]).pipe(Schedule.jittered)

/** Locks are not handed on in order: many processes at once may take so many times the limit, as long as commits are made. */
const mostLimits = 24

/** Another one after each commit, by whichever process. */
const stateOf = (path: string): string =>
  [path, `${path}-wal`]
    .map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }))
    .map((stat) => `${stat?.mtimeNs} ${stat?.size}`)
    .join(" ")

/**
 * Tries again while another process holds the lock of the database at `path`: until nothing has been committed for as long
 * as `limit`. The pauses leave the event loop, and the connection, to others.
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
