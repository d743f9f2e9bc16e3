import * as SqliteClient from "#driver"
import * as Effect from "effect/Effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { StorageError } from "@parley/domain/Errors"
import * as NodeSqlite from "../file/nodeSqlite.ts"

export interface Database {
  readonly path: string
  /** Runs `use`, converts failures to `StorageError`, and retries while the database is locked: `use` must be repeatable. */
  readonly run: (
    operation: string
  ) => <A, R>(
    use: (sql: SqlClient) => Effect.Effect<A, SqlError | StorageError, R>
  ) => Effect.Effect<A, StorageError, R>
  /** Fails if the path is no longer the file that is open. */
  readonly inPlace: Effect.Effect<void, StorageError>
  /** The reason to report for a row that cannot be decoded. */
  readonly unreadable: "Corrupt" | "Newer"
  /** False for a database of an earlier version without posts, which is open only for reading. */
  readonly hasPosts: boolean
}

/** `node:sqlite` blocks the event loop while it waits for a lock, so this is only about the duration of another process's
 * commit; `retryBusy` handles longer waits. */
const busyTimeout = "5 millis"

/**
 * `synchronous = NORMAL` is the default: a commit survives the death of the process, but not a power failure. `fullfsync`
 * makes barriers effective on macOS too. `journal_size_limit` lets the write-ahead log shrink after a large transaction.
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

/** Runs a pragma unprepared: SQLite executes some pragmas during preparation, so that a cached one would have no effect. */
export const pragma = (sql: SqlClient, text: string) => sql.unsafe(text).unprepared

/** Opens a connection. WAL is enabled later: in the driver's constructor, a lock of another process would be a defect. */
export const connect = (path: string, readonly = false) =>
  Effect.sync(NodeSqlite.load).pipe(
    Effect.andThen(SqliteClient.make({ filename: path, busyTimeout, disableWAL: true, readonly })),
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make)
  )

export const configure = (sql: SqlClient) => Effect.forEach(settings, (text) => pragma(sql, text), { discard: true })
