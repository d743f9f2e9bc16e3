import { statSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { StorageError } from "@parley/domain/Errors"
import { connect, pragma } from "./connection.ts"
import type { Database } from "./database.ts"
import { migrations, versionOf } from "./migrations.ts"
import { retryBusy } from "./retryBusy.ts"
import { typed } from "./storageError.ts"

/** SQLite wants to write beside a database even to read it, unless it is told that nobody can change it. */
const nameOf = (path: string): string =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 ? path : `${pathToFileURL(path).href}?immutable=1`

/**
 * Opens a database only to look at it, until the scope ends. It need not be writable, and may be of a newer version, as long
 * as what is asked for is where it was. If that does not work either, `refusal`, for which it was not opened properly, stands.
 */
export const open = Effect.fnUntraced(function* (filename: string, limit: Duration.Duration, refusal: StorageError) {
  if (refusal.reason === "Corrupt" || refusal.reason === "Busy") return yield* refusal
  const path = resolve(filename)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return yield* refusal
  const patiently = retryBusy(limit, path)
  return yield* Effect.gen(function* () {
    const sql = yield* connect(nameOf(path), true)
    for (const name of ["trusted_schema = OFF", "cell_size_check = ON"]) yield* pragma(sql, `PRAGMA ${name}`)
    const newer = (yield* versionOf(sql, path)) > migrations.length
    const run: Database["run"] = (operation) => (use) =>
      Effect.suspend(() => use(sql)).pipe(
        typed(operation, path),
        patiently,
        Effect.mapError((error) =>
          newer ? new StorageError({ operation, reason: "Newer", detail: error.detail }) : error
        )
      )
    return { path, run, inPlace: Effect.void, unreadable: newer ? "Newer" : "Corrupt" } satisfies Database
  }).pipe(
    typed("open", path),
    Effect.mapError(() => refusal)
  )
})
