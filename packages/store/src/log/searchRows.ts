import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { SafeIntegers, type SqlClient } from "effect/sql/SqlClient"
import { indexed, type Phrase } from "@parley/domain/SearchWords"
import { partsOf } from "@parley/domain/SessionSearch"
import * as EventRows from "./eventRows.ts"

// The ids of rows are computed by SQLite: they are larger than the integers of JavaScript.
const insert = `INSERT INTO search (rowid, text) VALUES ((? << 32) | ?, ?)`

/** What is indexed of an event; empty if nothing is, or if it is damaged. */
const textOf = (row: EventRows.EventRow): string => {
  const parts = Result.match(EventRows.decode(row), { onSuccess: ({ event }) => partsOf(event), onFailure: () => [] })
  return indexed(parts.map(({ text }) => text).join("\n"))
}

/**
 * Where removed rows are recorded, the index has row ids that are too large for JavaScript. The driver reads the id of the
 * last inserted row after each statement, until another row is inserted into a table with small ids: here, a temporary one.
 */
const smallAgain = (sql: SqlClient) =>
  Effect.forEach(
    ["CREATE TEMP TABLE small (id INTEGER PRIMARY KEY)", "INSERT INTO temp.small VALUES (1)", "DROP TABLE temp.small"],
    (statement) => sql.unsafe(statement).unprepared,
    { discard: true }
  ).pipe(Effect.ignore)

const withLargeIds = <A, E, R>(sql: SqlClient, effect: Effect.Effect<A, E, R>) =>
  Effect.ensuring(effect, smallAgain(sql)).pipe(Effect.provideService(SafeIntegers, true))

/** Removes a session's rows from the index. Their words stay in it until `rewrite`. */
export const remove = (sql: SqlClient, id: string) =>
  withLargeIds(
    sql,
    sql.unsafe(
      `DELETE FROM search WHERE rowid >= ((SELECT key FROM sessions WHERE id = ?) << 32)
        AND rowid < (((SELECT key FROM sessions WHERE id = ?) + 1) << 32)`,
      [id, id]
    )
  )

/** Rewrites the index without the words of removed rows. Takes time proportional to its size. */
export const rewrite = (sql: SqlClient) =>
  withLargeIds(sql, sql.unsafe(`INSERT INTO search (search) VALUES ('optimize')`))

/**
 * How many events are ranked: the latest of those that contain the words. Ranking all events that contain a frequent word
 * would take longer than a person waits.
 */
const ranked = 2000

const select = (where: string) => `SELECT key, seq FROM (
    SELECT rowid >> 32 AS key, rowid & 4294967295 AS seq, bm25(search) AS score FROM search
    WHERE search MATCH ? ${where} ORDER BY rowid DESC LIMIT ${ranked}
  ) ORDER BY score, key DESC, seq DESC LIMIT ?`
const everywhere = select("")
const inWorkspaces = select(
  `AND (rowid >> 32) IN (SELECT key FROM sessions WHERE workspace IN (SELECT value FROM json_each(?)))`
)

/** Phrases as a query of FTS5. The words consist of letters and digits only, and are quoted: none is an operator. */
const query = (phrases: ReadonlyArray<Phrase>): string =>
  phrases.map(({ isPrefix, words }) => `"${words.join(" ")}"${isPrefix ? " *" : ""}`).join(" ")

export interface Hit {
  readonly key: number
  readonly seq: number
}

/** The events that contain all phrases, those that fit best first. */
export const find = (
  sql: SqlClient,
  phrases: ReadonlyArray<Phrase>,
  workspaces: ReadonlyArray<string> | undefined,
  limit: number
) =>
  workspaces === undefined
    ? sql.unsafe<Hit>(everywhere, [query(phrases), limit])
    : sql.unsafe<Hit>(inWorkspaces, [query(phrases), JSON.stringify(workspaces), limit])

/** Events that are indexed in one transaction. */
const batch = 500

interface Unindexed {
  readonly key: number
  readonly head: number
  readonly indexed: number
}

const selectUnindexed = `SELECT key, head, indexed FROM sessions WHERE indexed < head ORDER BY key DESC LIMIT 1`
const selectEvents = `SELECT seq, at, body FROM events WHERE session = ? AND seq > ? AND delta_of IS NULL
  AND seq <= 9007199254740991 AND abs(at) <= 9007199254740991 ORDER BY seq LIMIT ${batch}`
const setIndexed = `UPDATE sessions SET indexed = ? WHERE key = ?`

const add = Effect.fnUntraced(function* (
  sql: SqlClient,
  { head, key }: Unindexed,
  rows: ReadonlyArray<EventRows.EventRow>
) {
  for (const row of rows) {
    const text = textOf(row)
    if (text !== "") yield* sql.unsafe(insert, [key, row.seq, text])
  }
  const last = rows.at(-1)
  yield* sql.unsafe(setIndexed, [rows.length < batch || last === undefined ? head : last.seq, key])
})

/**
 * Adds the events of a round that ends to the index: once in a round, because each addition writes several pages, however
 * short its text is. An open round, and a session with more new events than a batch, are left to `catchUp`.
 */
export const addRound = Effect.fnUntraced(function* (sql: SqlClient, session: Unindexed) {
  const rows = yield* sql.unsafe<EventRows.EventRow>(selectEvents, [session.key, session.indexed])
  if (rows.length < batch) yield* add(sql, session, rows)
})

/**
 * Adds a batch of events to the index that are missing there: those of open rounds, and those that an earlier version stored.
 * Returns whether there may be more. An event that is damaged is left out.
 */
export const catchUp = Effect.fnUntraced(function* (sql: SqlClient) {
  const [session] = yield* sql.unsafe<Unindexed>(selectUnindexed)
  if (session === undefined) return false
  yield* add(sql, session, yield* sql.unsafe<EventRows.EventRow>(selectEvents, [session.key, session.indexed]))
  return true
})
