import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { StorageError } from "@parley/domain/Errors"

/** What the migrations make: the name of each object, and how its definition reads when it was made by them. */
export const known: { readonly [name: string]: string } = {
  sessions:
    "CREATE TABLE sessions ( key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE CHECK (id <> ''), workspace TEXT NOT NULL, " +
    "title TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, head INTEGER NOT NULL, rounds INTEGER " +
    "NOT NULL, open INTEGER NOT NULL CHECK (open IN (0, 1)), input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, " +
    "cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL, cost REAL NOT NULL , epoch INTEGER NOT NULL " +
    "DEFAULT 0, lease_until INTEGER NOT NULL DEFAULT 0, holder TEXT, origin TEXT) STRICT",
  events:
    "CREATE TABLE events ( session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE, seq INTEGER NOT NULL, " +
    "at INTEGER NOT NULL, body TEXT NOT NULL, delta_of TEXT, PRIMARY KEY (session, seq) ) STRICT, WITHOUT ROWID",
  events_deltas: "CREATE INDEX events_deltas ON events (session, delta_of) WHERE delta_of IS NOT NULL",
  origin: "CREATE TABLE origin (id TEXT NOT NULL) STRICT"
}

interface Part {
  readonly type: string
  readonly name: string
  readonly sql: string | null
}

/** SQLite's own: indexes of constraints, and the statistics of ANALYZE. */
const own = /^sqlite_(?:autoindex_|stat\d$)/

const foreign = (path: string, { name, type }: Part, what: string) =>
  new StorageError({
    operation: "open",
    reason: "Corrupt",
    detail:
      `the ${type} ${JSON.stringify(name)} of ${path} ${what}: it could change, drop or hide what is stored, so nothing is ` +
      `read or written. Restore a copy, or have the program that changed the database undo it`
  })

const parts = (sql: SqlClient) => sql.unsafe<Part>("SELECT type, name, sql FROM sqlite_schema").unprepared

/** Fails when the database, of whatever version, has a trigger or a view: no version of Parley makes any. */
export const withoutCode = Effect.fnUntraced(function* (sql: SqlClient, path: string) {
  const code = (yield* parts(sql)).find(({ type }) => type === "trigger" || type === "view")
  if (code !== undefined) return yield* foreign(path, code, "was not made by Parley")
})

/** Fails unless the database, which has been migrated, is made as the migrations make it. */
export const asMade = Effect.fnUntraced(function* (sql: SqlClient, path: string) {
  for (const part of yield* parts(sql)) {
    if (own.test(part.name)) continue
    if (!Object.hasOwn(known, part.name)) return yield* foreign(path, part, "was not made by Parley")
    if (part.sql?.replace(/\s+/g, " ") !== known[part.name])
      return yield* foreign(path, part, "is not as Parley made it")
  }
})
