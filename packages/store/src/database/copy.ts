import { closeSync, fsyncSync, openSync, renameSync } from "node:fs"
import * as Effect from "effect/Effect"
import type { StorageError } from "@parley/domain/Errors"
import { connect, pragma } from "./connection.ts"
import { discard } from "../file/databaseFile.ts"
import { randomDigits } from "../file/randomBytes.ts"
import { storageError, typed } from "../file/storageError.ts"

const synced = (path: string): void => {
  const file = openSync(path, "r")
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Copies the database at `path`, as it is at one moment, into a private, synced draft in the directory of `target`.
 * `publish` gives the draft its final name; its draft name is removed afterwards. The database can be written to meanwhile.
 */
export const copy = <E1, E2>(options: {
  readonly operation: string
  readonly path: string
  readonly target: string
  readonly failed: (cause: unknown) => E1
  readonly publish: (draft: string) => Effect.Effect<void, E2>
}): Effect.Effect<void, E1 | E2 | StorageError> => {
  const { failed, operation, path, publish, target } = options
  const draft = `${target}.${randomDigits(12)}.new`
  const onDisk = (body: () => void) => Effect.try({ try: body, catch: failed })
  return Effect.acquireUseRelease(
    // Created first, because VACUUM would create a file that all users may read.
    onDisk(() => closeSync(openSync(draft, "wx", 0o600))),
    () =>
      connect(path).pipe(
        Effect.tap((sql) => pragma(sql, "PRAGMA trusted_schema = OFF")),
        Effect.flatMap((sql) => sql.unsafe("VACUUM INTO ?", [draft]).unprepared),
        Effect.scoped,
        typed(operation, path),
        Effect.andThen(onDisk(() => synced(draft))),
        Effect.andThen(publish(draft))
      ),
    () => discard(draft)
  )
}

/**
 * Copies the database to `parley.db.version-N.bak` in the same directory; the file has that name only once it is complete.
 * Call this before a migration, under its write lock, so that the copy is exactly the database that is migrated.
 */
export const copyOf = (path: string) => (version: number) => {
  const operation = "copy before migration"
  const failed = (cause: unknown) => storageError(operation, path, cause)
  return copy({
    operation,
    path,
    target: path,
    failed,
    publish: (draft) => Effect.try({ try: () => renameSync(draft, `${path}.version-${version}.bak`), catch: failed })
  })
}
