import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type LogEntry, SessionEvent } from "@parley/domain/SessionEvent"

export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly body: string
}

/** An event that is about to be stored. `deltaOf` is its turn, if it is a delta. */
export interface NewEvent extends EventRow {
  readonly session: number
  readonly deltaOf: string | null
}

/** No row: no such session. One row of nulls: no events. */
export const select = `SELECT e.seq, e.at, e.body FROM sessions s
  LEFT JOIN events e ON e.session = s.key AND e.seq > ?1 WHERE s.id = ?2 ORDER BY e.seq`

export const removeDeltas = `DELETE FROM events WHERE session = ? AND delta_of = ?`

/** Rows per statement: enough to make a statement cheap, few enough that one of each length stays prepared. */
export const insertLimit = 32
export const insert = (rows: number): string =>
  `INSERT INTO events (session, seq, at, body, delta_of) VALUES ${Array.from({ length: rows }, () => "(?, ?, ?, ?, ?)").join(", ")}`
export const insertValues = (rows: ReadonlyArray<NewEvent>): ReadonlyArray<unknown> =>
  rows.flatMap((row) => [row.session, row.seq, row.at, row.body, row.deltaOf])

const Body = Schema.fromJsonString(SessionEvent)
const encodeBody = Schema.encodeResult(Body)
const decodeBody = Schema.decodeUnknownResult(Body)

export const encode = (event: SessionEvent): Result.Result<string, string> =>
  Result.mapError(encodeBody(event), (error) => error.message)

/** A failure names the event. */
export const decode = (row: EventRow): Result.Result<LogEntry, string> =>
  Result.mapBoth(decodeBody(row.body), {
    onSuccess: (event): LogEntry => ({ seq: row.seq, at: row.at, event }),
    onFailure: (error) => `event ${row.seq}: ${error.message}`
  })
