import { closeSync, fsyncSync, openSync, renameSync } from "node:fs"
import * as Effect from "effect/Effect"
import type { StorageError } from "@parley/domain/Errors"
import { connect, pragma } from "./connection.ts"
import { discard } from "./discard.ts"
import { randomDigits } from "./random.ts"
import { storageError, typed } from "./storageError.ts"

const synced = (path: string): void => {
  const file = openSync(path, "r")
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Copies the database at `path`, as it is at one moment, into a draft beside `target`, private and synced. `publish` gives
 * the draft its name; what is left of it afterwards is removed. Others may go on writing to the database meanwhile.
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
    // VACUUM would make a file that anyone may read.
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
 * Copies the database as it is to `parley.db.version-N.bak` beside it, under that name only when it is whole. Meant for the
 * moment before a migration, under its write lock: then it is exactly what was migrated.
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
