import { statSync } from "node:fs"
import * as Effect from "effect/Effect"

/** As `journal_size_limit`, to which the log shrinks again. */
const limitBytes = 64 * 1024 * 1024

/**
 * Says, once, that the write-ahead log has grown large: SQLite cannot start it anew while somebody reads an older state of
 * the database. It goes on growing, shrinks by itself when the reader is gone, and nothing is lost meanwhile.
 */
export const warnOfGrowth = (path: string): Effect.Effect<void> => {
  let large = 0
  return Effect.suspend(() => {
    const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    large = size > limitBytes ? large + 1 : 0
    // One large transaction makes a large log; with nobody in the way, the next one starts it anew.
    return large === 2
      ? Effect.logWarning(
          `${path}-wal has grown to ${Math.round(size / 1024 / 1024)} MB: another program has been reading the database ` +
            "for long; end it to let the file shrink"
        )
      : Effect.void
  })
}
