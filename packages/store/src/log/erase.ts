import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { StorageError } from "@parley/domain/Errors"
import { pragma } from "../database/connection.ts"
import * as SessionRows from "./sessionRows.ts"

/** In bytes. A larger database is rewritten by means of a temporary file instead of memory. */
const inMemory = 64 * 1024 * 1024

/** Deletes a session and overwrites the content of its rows. Returns whether it existed. Does not slow other operations. */
export const session = (sql: SqlClient, id: string) =>
  Effect.map(
    Effect.ensuring(
      Effect.andThen(pragma(sql, "PRAGMA secure_delete = ON"), sql.unsafe(SessionRows.remove, [id])),
      Effect.ignore(pragma(sql, "PRAGMA secure_delete = OFF"))
    ),
    (rows) => rows.length > 0
  )

const sizeOf = Effect.fnUntraced(function* (sql: SqlClient) {
  const [row] = yield* sql.unsafe<{ readonly bytes: number }>(
    "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size"
  ).unprepared
  return row?.bytes ?? 0
})

/**
 * Rewrites the database without deleted data, including deltas that were deleted when their turns ended, releases the space,
 * and empties the write-ahead log. Takes time proportional to the size of the remaining data.
 */
export const rest = Effect.fnUntraced(function* (sql: SqlClient, path: string) {
  const large = (yield* sizeOf(sql)) > inMemory
  const store = (name: "FILE" | "MEMORY") => (large ? pragma(sql, `PRAGMA temp_store = ${name}`) : Effect.void)
  yield* Effect.ensuring(Effect.andThen(store("FILE"), pragma(sql, "VACUUM")), Effect.ignore(store("MEMORY")))
  const [row] = yield* sql.unsafe<{ readonly busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)").unprepared
  if (row?.busy !== 0)
    return yield* new StorageError({
      operation: "remove",
      reason: "Busy",
      detail: `other programs are reading ${path}`
    })
})
