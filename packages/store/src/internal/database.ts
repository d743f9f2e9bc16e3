import { resolve } from "node:path"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { StorageError } from "@parley/domain/Errors"
import * as DatabaseFile from "./databaseFile.ts"
import { identify, migrate, migrations } from "./migrations.ts"
import { retryBusy } from "./retryBusy.ts"
import { typed } from "./storageError.ts"

export interface Database {
  readonly sql: SqlClient
  /** Types a failure, and tries again while another process holds the lock: `effect` must be safe to repeat. */
  readonly run: (
    operation: string
  ) => <A, R>(effect: Effect.Effect<A, SqlError | StorageError, R>) => Effect.Effect<A, StorageError, R>
}

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
const connect = (path: string) =>
  SqliteClient.make({ filename: path, busyTimeout, disableWAL: true }).pipe(
    Effect.provideServiceEffect(Reactivity.Reactivity, Reactivity.make)
  )

const configure = (sql: SqlClient) => Effect.forEach(settings, (text) => pragma(sql, text), { discard: true })

/** Opens `filename`, creating or migrating it, until the scope ends. */
export const open = Effect.fnUntraced(function* (
  filename: string,
  limit: Duration.Duration,
  steps: ReadonlyArray<ReadonlyArray<string>> = migrations
) {
  const path = resolve(filename)
  const run: Database["run"] = (operation) => (effect) => effect.pipe(typed(operation, path), retryBusy(limit))

  const initialise = (draft: string) =>
    connect(draft).pipe(
      Effect.tap(configure),
      Effect.tap((sql) => migrate(sql, steps)),
      // Last, so that the draft's tables are in the file itself and not in a log beside it.
      Effect.tap((sql) => pragma(sql, "PRAGMA journal_mode = WAL")),
      Effect.asVoid,
      Effect.scoped,
      typed("create", path)
    )

  yield* DatabaseFile.ensure(path, initialise)
  const sql = yield* connect(path).pipe(typed("open", path))
  yield* run("open")(configure(sql))
  yield* run("open")(identify(sql, path, steps))
  yield* run("migrate")(migrate(sql, steps))
  yield* run("open")(pragma(sql, "PRAGMA journal_mode = WAL"))
  return { sql, run } satisfies Database
})
