import { statSync } from "node:fs"
import * as Effect from "effect/Effect"

/** As `journal_size_limit`, to which the log shrinks again. */
const limitBytes = 64 * 1024 * 1024

/**
 * Says, once, that the write-ahead log has grown large: SQLite cannot start it anew while somebody reads an older state of
 * the database. It goes on growing, shrinks by itself when the reader is gone, and nothing is lost meanwhile.
 */
export const warnOfGrowth = (path: string): Effect.Effect<void> => {
  let told = false
  return Effect.suspend(() => {
    const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    const large = size > limitBytes
    if (large === told) return Effect.void
    told = large
    return large
      ? Effect.logWarning(
          `${path}-wal has grown to ${Math.round(size / 1024 / 1024)} MB: another program has been reading the database ` +
            "for long; end it to let the file shrink"
        )
      : Effect.void
  })
}
