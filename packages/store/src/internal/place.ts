import { statSync } from "node:fs"
import * as Effect from "effect/Effect"
import { StorageError } from "@parley/domain/Errors"

/** Which file has a name now; undefined if none can be seen there. */
export const fileAt = (path: string): string | undefined => {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

/**
 * Fails when `path` is no longer the file that was opened. SQLite goes on in a file that was removed, where nobody will
 * find what it writes, and mixes the log of one database with the file of another.
 */
export const inPlace = (path: string, opened: string): Effect.Effect<void, StorageError> =>
  Effect.suspend(() => {
    const now = fileAt(path)
    if (now === opened) return Effect.void
    const what = now === undefined ? "was deleted or moved away" : "was replaced by another file"
    return Effect.fail(
      new StorageError({
        operation: "check",
        reason: "Unavailable",
        detail: `${path} ${what} while it was open; put it back, or start Parley again to go on with what is there`
      })
    )
  })
