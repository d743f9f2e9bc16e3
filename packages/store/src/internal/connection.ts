import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Effect from "effect/Effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type { SqlClient } from "effect/sql/SqlClient"
import * as NodeSqlite from "./nodeSqlite.ts"

/** `node:sqlite` blocks the event loop while it waits for a lock, so it waits for the length of a
 * neighbour's commit; `retryBusy` does the rest. */
const busyTimeout = "5 millis"

/**
 * `synchronous = NORMAL` is the resting state: a commit survives the death of the process, not the loss of power.
 * `fullfsync` makes a barrier one on macOS too. The write-ahead log shrinks again after a long transaction.
 */
const settings = [
  "PRAGMA trusted_schema = OFF",
  "PRAGMA cell_size_check = ON",
  "PRAGMA foreign_keys = ON",
  "PRAGMA temp_store = MEMORY",
  "PRAGMA synchronous = NORMAL",
  "PRAGMA fullfsync = ON",
  "PRAGMA journal_size_limit = 67108864"
]

/** SQLite executes some pragmas while it prepares them, so that a prepared one would do nothing the second time. */
export const pragma = (sql: SqlClient, text: string) => sql.unsafe(text).unprepared

// The log mode is set later: in the driver's constructor a lock held by another process would be a defect.
export const connect = (path: string, readonly = false) =>
  Effect.sync(NodeSqlite.load).pipe(
    Effect.andThen(SqliteClient.make({ filename: path, busyTimeout, disableWAL: true, readonly })),
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make)
  )

export const configure = (sql: SqlClient) => Effect.forEach(settings, (text) => pragma(sql, text), { discard: true })
