import { statSync } from "node:fs"
import * as Effect from "effect/Effect"

/** In bytes. The same as `journal_size_limit`, to which the log shrinks again. */
const limitBytes = 64 * 1024 * 1024

/**
 * Logs a warning, once, if the write-ahead log has grown large. SQLite cannot restart the log while another connection reads
 * an older state of the database. The log keeps growing, and shrinks when that reader ends. Nothing is lost meanwhile.
 */
export const warnOfGrowth = (path: string): Effect.Effect<void> => {
  let large = 0
  return Effect.suspend(() => {
    const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    large = size > limitBytes ? large + 1 : 0
    // A single large transaction makes a large log too, but without a reader the next transaction restarts it.
    return large === 2
      ? Effect.logWarning(
          `${path}-wal has grown to ${Math.round(size / 1024 / 1024)} MB: another program has been reading the database ` +
            "for a long time; end that program to let the file shrink"
        )
      : Effect.void
  })
}
