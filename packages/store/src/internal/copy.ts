import { closeSync, fsyncSync, openSync, renameSync } from "node:fs"
import * as Effect from "effect/Effect"
import { connect } from "./connection.ts"
import { discard } from "./discard.ts"
import { randomDigits } from "./random.ts"
import { storageError } from "./storageError.ts"

/**
 * Copies the database as it is to `parley.db.version-N.bak` beside it, private and synced, under that name only when it is
 * whole. Meant for the moment before a migration, under its write lock: then it is exactly what was migrated.
 */
export const copyOf = (path: string) => (version: number) =>
  Effect.gen(function* () {
    const draft = `${path}.${randomDigits(12)}.new`
    const onDisk = (body: () => void) =>
      Effect.try({ try: body, catch: (cause) => storageError("copy before migration", path, cause) })
    yield* Effect.acquireUseRelease(
      // VACUUM would make a file that anyone may read.
      onDisk(() => closeSync(openSync(draft, "wx", 0o600))),
      () =>
        connect(path).pipe(
          Effect.flatMap((sql) => sql.unsafe("VACUUM INTO ?", [draft]).unprepared),
          Effect.scoped,
          Effect.andThen(
            onDisk(() => {
              const file = openSync(draft, "r+")
              fsyncSync(file)
              closeSync(file)
              renameSync(draft, `${path}.version-${version}.bak`)
            })
          )
        ),
      () => discard(draft)
    )
  })
