import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type LogEntry, SessionEvent } from "@parley/domain/SessionEvent"

export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly body: string
}

/** An event to store. `deltaOf` is the turn if the event is a delta, otherwise null. */
export interface NewEvent extends EventRow {
  readonly session: number
  readonly deltaOf: string | null
}

/** A page of a log as one JSON array. One text costs a third of the time of one row and text for each event. */
export interface EventList {
  /** The number of the session's last event. */
  readonly head: number
  readonly count: number
  readonly list: string | null
}
/** Events per page: a long session in a single text would take more memory than the session itself. */
export const pageSize = 10_000
const page = `SELECT e.seq, e.at, e.body FROM events e WHERE e.session = s.key AND e.seq > ? ORDER BY e.seq LIMIT ${pageSize}`
/** Selects a page as an `EventList`. Returns no row if there is no such session. */
export const selectList = `SELECT s.head AS head, (SELECT count(*) FROM (${page})) AS count,
  (SELECT group_concat('[' || seq || ',' || at || ',' || body || ']', ',' ORDER BY seq) FROM (${page})) AS list
  FROM sessions s WHERE s.id = ?`
/** Parameters for the events of `id` after the event `after`. The statement contains the same page twice. */
export const selectListValues = (id: string, after: number): ReadonlyArray<unknown> => [after, after, id]

const parseList = ({ count, list }: EventList): ReadonlyArray<unknown> | undefined => {
  try {
    const entries: unknown = JSON.parse(`[${list ?? ""}]`)
    return Array.isArray(entries) && entries.length === count ? entries : undefined
  } catch {
    return undefined
  }
}

/** The stored entries before decoding; undefined if one of them is damaged. */
export const rawEntries = (
  row: EventList
): ReadonlyArray<readonly [seq: number, at: number, event: unknown]> | undefined => {
  const entries = parseList(row)
  return entries?.every(isRaw) === true ? entries : undefined
}

const isRaw = (entry: unknown): entry is readonly [number, number, unknown] =>
  Array.isArray(entry) && entry.length === 3 && typeof entry[0] === "number" && typeof entry[1] === "number"

/** Selects events as rows. Returns no row if there is no such session, and one row of nulls if there are no events. */
export const select = `SELECT e.seq, e.at, e.body FROM sessions s
  LEFT JOIN events e ON e.session = s.key AND e.seq > ? WHERE s.id = ? ORDER BY e.seq LIMIT ${pageSize}`
/** Parameters for `select` and `selectReadable`. */
export const selectValues = (id: string, after: number): ReadonlyArray<unknown> => [after, id]

/** Like `select`, without rows whose numbers JavaScript cannot represent, which would fail the whole page. */
export const selectReadable = `SELECT e.seq, e.at, e.body FROM sessions s JOIN events e ON e.session = s.key
  WHERE e.seq > ? AND s.id = ? AND e.seq <= 9007199254740991 AND abs(e.at) <= 9007199254740991
  ORDER BY e.seq LIMIT ${pageSize}`

export const selectEvent = `SELECT seq, at, body FROM events WHERE session = ? AND seq = ?`

export const removeDeltas = `DELETE FROM events WHERE session = ? AND delta_of = ?`

/** Rows per statement: enough to be efficient, few enough to keep a prepared statement for each number of rows. */
export const insertLimit = 32
export const insert = (rows: number): string =>
  `INSERT INTO events (session, seq, at, body, delta_of) VALUES ${Array.from({ length: rows }, () => "(?, ?, ?, ?, ?)").join(", ")}`
export const insertValues = (rows: ReadonlyArray<NewEvent>): ReadonlyArray<unknown> =>
  rows.flatMap((row) => [row.session, row.seq, row.at, row.body, row.deltaOf])

/** Copies the events of one session up to a number to another session, unchanged. Parameters: key, id, number. */
export const copy = `INSERT INTO events (session, seq, at, body, delta_of)
  SELECT ?, e.seq, e.at, e.body, NULL FROM events e JOIN sessions s ON s.key = e.session
  WHERE s.id = ? AND e.seq <= ? AND e.delta_of IS NULL`

const Body = Schema.fromJsonString(SessionEvent)
const encodeBody = Schema.encodeResult(Body)
const decodeBody = Schema.decodeUnknownResult(Body)

export const encode = (event: SessionEvent): Result.Result<string, string> =>
  Result.mapError(encodeBody(event), (error) => error.message)

const decodeEvent = Schema.decodeUnknownResult(SessionEvent)

/** Whether a number of milliseconds is in the range of a `Date`. */
const isTime = (at: number): boolean => Math.abs(at) <= 8.64e15

export const decodeRaw = ([seq, at, raw]: readonly [number, number, unknown]): Result.Result<LogEntry, string> =>
  isTime(at)
    ? Result.mapBoth(decodeEvent(raw), {
        onSuccess: (event): LogEntry => ({ seq, at, event }),
        onFailure: (error) => `event ${seq}: ${error.message}`
      })
    : Result.fail(`event ${seq}: its time ${at} is out of range`)

/** Decodes an event. A failure contains the event's number. */
export const decode = (row: EventRow): Result.Result<LogEntry, string> =>
  Result.mapBoth(decodeBody(row.body), {
    onSuccess: (event): LogEntry => ({ seq: row.seq, at: row.at, event }),
    onFailure: (error) => `event ${row.seq}: ${error.message}`
  })
