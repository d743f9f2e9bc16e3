import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { StorageError } from "@parley/domain/Errors"

/** The objects that the migrations create, by name, with the text of their definitions in `sqlite_schema`. */
export const known: { readonly [name: string]: string } = {
  sessions:
    "CREATE TABLE sessions ( key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE CHECK (id <> ''), workspace TEXT NOT NULL, " +
    "title TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, head INTEGER NOT NULL, rounds INTEGER " +
    "NOT NULL, open INTEGER NOT NULL CHECK (open IN (0, 1)), input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, " +
    "cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL, cost REAL NOT NULL , epoch INTEGER NOT NULL " +
    "DEFAULT 0, lease_until INTEGER NOT NULL DEFAULT 0, holder TEXT, origin TEXT, fork_of TEXT, fork_round TEXT, titled_by " +
    "TEXT, pinned INTEGER NOT NULL " +
    "DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, tags TEXT NOT NULL DEFAULT '[]', indexed INTEGER NOT NULL DEFAULT 0) " +
    "STRICT",
  sessions_unindexed: "CREATE INDEX sessions_unindexed ON sessions (key) WHERE indexed < head",
  search: "CREATE VIRTUAL TABLE search USING fts5(text, content='', contentless_delete=1, tokenize='ascii')",
  events:
    "CREATE TABLE events ( session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE, seq INTEGER NOT NULL, " +
    "at INTEGER NOT NULL, body TEXT NOT NULL, delta_of TEXT, PRIMARY KEY (session, seq) ) STRICT, WITHOUT ROWID",
  events_deltas: "CREATE INDEX events_deltas ON events (session, delta_of) WHERE delta_of IS NOT NULL",
  origin: "CREATE TABLE origin (id TEXT NOT NULL) STRICT",
  budget_spent:
    "CREATE TABLE budget_spent ( day INTEGER NOT NULL, workspace TEXT NOT NULL, nanos INTEGER NOT NULL, PRIMARY KEY " +
    "(day, workspace) ) STRICT, WITHOUT ROWID",
  budget_reserved:
    "CREATE TABLE budget_reserved ( id TEXT PRIMARY KEY, day INTEGER NOT NULL, workspace TEXT NOT NULL, nanos INTEGER NOT " +
    "NULL, until INTEGER NOT NULL, holder TEXT NOT NULL ) STRICT, WITHOUT ROWID",
  posts:
    "CREATE TABLE posts ( session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE, n INTEGER NOT NULL, " +
    "at INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT, state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', " +
    "'withdrawn')), version INTEGER NOT NULL, payload TEXT, PRIMARY KEY (session, n) ) STRICT, WITHOUT ROWID",
  posts_names: "CREATE UNIQUE INDEX posts_names ON posts (session, name) WHERE name IS NOT NULL",
  posts_waiting: "CREATE INDEX posts_waiting ON posts (session, n) WHERE state = 'waiting'"
}

/** The tables in which SQLite keeps the index for searches. How it defines them depends on its version. */
export const ofIndex: ReadonlySet<string> = new Set(["search_data", "search_idx", "search_docsize", "search_config"])

interface Part {
  readonly type: string
  readonly name: string
  readonly sql: string | null
}

/** Objects that SQLite itself creates: indexes of constraints, and the statistics of ANALYZE. */
const own = /^sqlite_(?:autoindex_|stat\d$)/

const foreign = (path: string, { name, type }: Part, what: string) =>
  new StorageError({
    operation: "open",
    reason: "Corrupt",
    detail:
      `the ${type} ${JSON.stringify(name)} of ${path} ${what}: it could change, drop or hide stored data, so Parley ` +
      `neither reads nor writes the database. Restore a backup, or undo the change with the program that made it`
  })

const parts = (sql: SqlClient) => sql.unsafe<Part>("SELECT type, name, sql FROM sqlite_schema").unprepared

/** Fails if the database, of any version, has a trigger or a view: no version of Parley creates any. */
export const withoutCode = Effect.fnUntraced(function* (sql: SqlClient, path: string) {
  const code = (yield* parts(sql)).find(({ type }) => type === "trigger" || type === "view")
  if (code !== undefined) return yield* foreign(path, code, "was not created by Parley")
})

/** Fails unless the schema of a migrated database is exactly as the migrations create it. */
export const asMade = Effect.fnUntraced(function* (sql: SqlClient, path: string) {
  for (const part of yield* parts(sql)) {
    if (own.test(part.name) || (part.type === "table" && ofIndex.has(part.name))) continue
    if (!Object.hasOwn(known, part.name)) return yield* foreign(path, part, "was not created by Parley")
    if (part.sql?.replace(/\s+/g, " ") !== known[part.name])
      return yield* foreign(path, part, "differs from the one that Parley created")
  }
})
