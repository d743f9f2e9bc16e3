import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { type SessionBusy, StorageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { pragma } from "../database/connection.ts"
import * as Leases from "../database/leases.ts"
import * as SearchRows from "./searchRows.ts"
import * as SessionRows from "./sessionRows.ts"

/** In bytes. A larger database is rewritten by means of a temporary file instead of memory. */
const inMemory = 64 * 1024 * 1024

type Erased =
  | { readonly _tag: "Erased" }
  | { readonly _tag: "Missing" }
  /** It is in use, and nothing was deleted. */
  | { readonly _tag: "Busy"; readonly error: SessionBusy }

/** Deletes a session that is not in use and overwrites the content of its rows. Does not slow other operations. */
export const session = (sql: SqlClient, id: SessionId) =>
  pragma(sql, "PRAGMA secure_delete = ON").pipe(
    Effect.andThen(
      Effect.gen(function* () {
        const busy = yield* Leases.inUse(sql, id)
        if (busy !== undefined) return { _tag: "Busy", error: busy } satisfies Erased
        yield* SearchRows.remove(sql, id)
        const rows = yield* sql.unsafe(SessionRows.remove, [id])
        return { _tag: rows.length > 0 ? "Erased" : "Missing" } satisfies Erased
      }).pipe(sql.withTransaction)
    ),
    Effect.ensuring(Effect.ignore(pragma(sql, "PRAGMA secure_delete = OFF")))
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
  yield* SearchRows.rewrite(sql)
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
