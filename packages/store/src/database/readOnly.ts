import { statSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { StorageError } from "@parley/domain/Errors"
import { connect, pragma } from "./connection.ts"
import type { Database } from "./connection.ts"
import { laterColumns, migrations, versionOf, withPosts } from "./migrations.ts"
import { retryBusy } from "./retryBusy.ts"
import { typed } from "../file/storageError.ts"

/** Without a log, opens the file as immutable: otherwise SQLite needs to create files in its directory even for reading. */
const nameOf = (path: string): string =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 ? path : `${pathToFileURL(path).href}?immutable=1`

/** Adds what an earlier version lacks to what this connection reads; the file is not changed. */
const complete = Effect.fnUntraced(function* (sql: SqlClient) {
  const rows = yield* sql.unsafe<{ readonly name: string }>("SELECT name FROM pragma_table_info('sessions')").unprepared
  const there = new Set(rows.map(({ name }) => name))
  const missing = laterColumns.filter((name) => !there.has(name))
  if (there.size === 0 || missing.length === 0) return
  const columns = missing.map((name) => `NULL AS ${name}`).join(", ")
  yield* pragma(sql, `CREATE TEMP VIEW sessions AS SELECT *, ${columns} FROM main.sessions`)
})

/**
 * Opens a database only for reading, until the scope ends. It need not be writable, and may have a newer version as long as
 * the tables and columns that are read still exist. If this fails too, it fails with `refusal`, the error of the regular
 * opening.
 */
export const open = Effect.fnUntraced(function* (filename: string, limit: Duration.Duration, refusal: StorageError) {
  if (refusal.reason === "Corrupt" || refusal.reason === "Busy") return yield* refusal
  const path = resolve(filename)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return yield* refusal
  const patiently = retryBusy(limit, path)
  return yield* Effect.gen(function* () {
    const sql = yield* connect(nameOf(path), true)
    for (const name of ["trusted_schema = OFF", "cell_size_check = ON"]) yield* pragma(sql, `PRAGMA ${name}`)
    yield* complete(sql)
    const version = yield* versionOf(sql, path)
    const newer = version > migrations.length
    const run: Database["run"] = (operation) => (use) =>
      Effect.suspend(() => use(sql)).pipe(
        typed(operation, path),
        patiently,
        Effect.mapError((error) =>
          newer ? new StorageError({ operation, reason: "Newer", detail: error.detail }) : error
        )
      )
    const unreadable = newer ? "Newer" : "Corrupt"
    return { path, run, inPlace: Effect.void, unreadable, hasPosts: version >= withPosts } satisfies Database
  }).pipe(
    typed("open", path),
    Effect.mapError(() => refusal)
  )
})
