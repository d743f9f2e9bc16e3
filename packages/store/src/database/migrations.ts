import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { StorageError } from "@parley/domain/Errors"
import { withoutCode } from "./schema.ts"

/** The `PRAGMA application_id` of every database of Parley: "Prly". */
export const applicationId = 0x50726c79

/**
 * Migration `n` converts a database from version `n` to `n + 1`; the version is `PRAGMA user_version`. Released migrations
 * are never changed, only followed by others.
 *
 * Lists of sessions are short, so sorting them costs less than an index that each append would have to update. Rows of one
 * session are stored together (no rowid), and the index on `delta_of` finds a turn's deltas when the turn ends.
 */
export const migrations: ReadonlyArray<ReadonlyArray<string>> = [
  [
    `PRAGMA application_id = ${applicationId}`,
    `CREATE TABLE sessions (
      key INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE CHECK (id <> ''),
      workspace TEXT NOT NULL,
      title TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      head INTEGER NOT NULL,
      rounds INTEGER NOT NULL,
      open INTEGER NOT NULL CHECK (open IN (0, 1)),
      input_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      cache_read_tokens INTEGER NOT NULL,
      cache_write_tokens INTEGER NOT NULL,
      cost REAL NOT NULL
    ) STRICT`,
    `CREATE TABLE events (
      session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      at INTEGER NOT NULL,
      body TEXT NOT NULL,
      delta_of TEXT,
      PRIMARY KEY (session, seq)
    ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX events_deltas ON events (session, delta_of) WHERE delta_of IS NOT NULL`
  ],
  // Leases. `holder` is JSON, or null if no process holds the lease.
  [
    `ALTER TABLE sessions ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE sessions ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE sessions ADD COLUMN holder TEXT`
  ],
  // An id of the database, in the file and in each session. It reveals a log that was put next to the wrong database.
  [
    `CREATE TABLE origin (id TEXT NOT NULL) STRICT`,
    `INSERT INTO origin VALUES (lower(hex(randomblob(16))))`,
    `ALTER TABLE sessions ADD COLUMN origin TEXT`,
    `UPDATE sessions SET origin = (SELECT id FROM origin)`
  ],
  // The budget: what was spent, by day (UTC) and workspace, and what is reserved for requests that run now. Amounts are in
  // billionths of a US dollar.
  [
    `CREATE TABLE budget_spent (
      day INTEGER NOT NULL,
      workspace TEXT NOT NULL,
      nanos INTEGER NOT NULL,
      PRIMARY KEY (day, workspace)
    ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE budget_reserved (
      id TEXT PRIMARY KEY,
      day INTEGER NOT NULL,
      workspace TEXT NOT NULL,
      nanos INTEGER NOT NULL,
      until INTEGER NOT NULL,
      holder TEXT NOT NULL
    ) STRICT, WITHOUT ROWID`
  ],
  // Posts. `name` is the post's key, as JSON. Rows of taken and withdrawn posts stay, without their payload, so that their
  // numbers and names are not used again.
  [
    `CREATE TABLE posts (
      session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
      n INTEGER NOT NULL,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      name TEXT,
      state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'withdrawn')),
      version INTEGER NOT NULL,
      payload TEXT,
      PRIMARY KEY (session, n)
    ) STRICT, WITHOUT ROWID`,
    `CREATE UNIQUE INDEX posts_names ON posts (session, name) WHERE name IS NOT NULL`,
    `CREATE INDEX posts_waiting ON posts (session, n) WHERE state = 'waiting'`
  ],
  // Forks: the session that a session was copied from, which may be gone, and the last copied round.
  [`ALTER TABLE sessions ADD COLUMN fork_of TEXT`, `ALTER TABLE sessions ADD COLUMN fork_round TEXT`],
  // What a user notes about a session. `tags` is a JSON array; `titled_by` is null if the title is from the first message.
  [
    `ALTER TABLE sessions ADD COLUMN titled_by TEXT`,
    `ALTER TABLE sessions ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE sessions ADD COLUMN archived INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE sessions ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'`
  ],
  // The index for searches: words only, no text. A row's id is the key of its session and the number of its event. `indexed`
  // is the last event of a session that is in the index; what was stored before is added when somebody searches.
  [
    `CREATE VIRTUAL TABLE search USING fts5(text, content='', contentless_delete=1, tokenize='ascii')`,
    `ALTER TABLE sessions ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0`,
    `CREATE INDEX sessions_unindexed ON sessions (key) WHERE indexed < head`
  ]
]

/** Columns of `sessions` that databases of earlier versions lack when they can only be read; they are then empty. */
export const laterColumns: ReadonlyArray<string> = [
  "fork_of",
  "fork_round",
  "titled_by",
  "pinned",
  "archived",
  "tags",
  "indexed"
]

/** The first version with the table of posts. */
export const withPosts = 5

const version = (sql: SqlClient) =>
  Effect.map(
    sql.unsafe<{ readonly user_version: number }>("PRAGMA user_version").unprepared,
    (rows) => rows[0]?.user_version ?? 0
  )

/** The version of a database. Fails if it is not a database of Parley. */
export const versionOf = Effect.fnUntraced(function* (sql: SqlClient, path: string) {
  const [row] = yield* sql.unsafe<{ readonly application_id: number }>("PRAGMA application_id").unprepared
  if (row?.application_id !== applicationId)
    return yield* new StorageError({
      operation: "open",
      reason: "Unavailable",
      detail: `${path} is a database of another program`
    })
  yield* withoutCode(sql, path)
  return yield* version(sql)
})

/** Fails, without writing, unless this is a database of Parley with a version that this program supports. */
export const identify = Effect.fnUntraced(function* (
  sql: SqlClient,
  path: string,
  steps: ReadonlyArray<ReadonlyArray<string>> = migrations
) {
  const current = yield* versionOf(sql, path)
  if (current > steps.length)
    return yield* new StorageError({
      operation: "open",
      reason: "Newer",
      detail: `${path} has version ${current}, but this program supports versions up to ${steps.length}`
    })
})

/**
 * Applies the missing migrations, all or none, after `copy` has stored a copy of the old database. If several processes do
 * this concurrently, one of them migrates and the others find it done.
 */
export const migrate = Effect.fnUntraced(function* (
  sql: SqlClient,
  steps: ReadonlyArray<ReadonlyArray<string>> = migrations,
  copy: (version: number) => Effect.Effect<void, SqlError | StorageError> = () => Effect.void
) {
  if ((yield* version(sql)) >= steps.length) return
  const missing = Effect.gen(function* () {
    // Read again under the write lock: another process may have migrated meanwhile.
    const current = yield* version(sql)
    if (current >= steps.length) return
    yield* copy(current)
    for (const statement of steps.slice(current).flat()) yield* sql.unsafe(statement).unprepared
    yield* sql.unsafe(`PRAGMA user_version = ${steps.length}`).unprepared
  })
  yield* sql.withTransaction(missing)
})
