import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { SessionInfo } from "@parley/domain/SessionInfo"
import type { SessionManager } from "@parley/domain/SessionManager"
import type { NotedSession } from "@parley/domain/SessionNotes"

/** A text as it is selected: as UTF-8 bytes if it contains a NUL. */
type Text = string | Uint8Array

/** A row of `sessions`, as it is selected. */
export interface SessionRow {
  readonly key: number
  readonly id: Text
  readonly workspace: Text
  readonly title: Text
  readonly created_at: number
  readonly updated_at: number
  readonly head: number
  readonly rounds: number
  readonly open: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_read_tokens: number
  readonly cache_write_tokens: number
  readonly cost: number
  readonly titled_by: string | null
  readonly pinned: number
  readonly archived: number
  readonly tags: string
  readonly fork_of: Text | null
  readonly fork_round: Text | null
}

/** A row with the epoch of the latest lease, its holder, and the last event that is in the index for searches. */
export interface LeasedRow extends SessionRow {
  readonly epoch: number
  readonly holder: string | null
  readonly indexed: number
}

const projected = [
  "workspace",
  "title",
  "created_at",
  "updated_at",
  "head",
  "rounds",
  "open",
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cost",
  "fork_of",
  "fork_round"
]

/** Clamps numbers: those outside of these bounds could be stored but not read again. */
const int = (value: number): number => Math.min(value, Number.MAX_SAFE_INTEGER)
const finite = (value: number): number => Math.min(value, Number.MAX_VALUE)

const atLeast0 = (limit: number): number => Math.max(0, Math.trunc(limit))

const values = (info: SessionInfo): ReadonlyArray<unknown> => [
  info.workspace,
  info.title,
  info.createdAt,
  info.updatedAt,
  info.head,
  info.rounds,
  info.open ? 1 : 0,
  int(info.usage.inputTokens),
  int(info.usage.outputTokens),
  int(info.usage.cacheReadTokens),
  int(info.usage.cacheWriteTokens),
  finite(info.cost),
  info.origin?.sessionId ?? null,
  info.origin?.roundId ?? null
]

/**
 * Upper bounds for reading. A number out of bounds would make its session, and every list that contains it, unreadable.
 * These numbers are only informative, so that clamping them is safe.
 */
const bounds: { readonly [name: string]: string } = {
  created_at: "8640000000000000",
  updated_at: "8640000000000000",
  cost: "1.7976931348623157e308"
}
const named = ["id", "workspace", "title", "fork_of", "fork_round"]
const bounded = projected
  .filter((name) => !named.includes(name))
  .map((name) => `max(0, min(${name}, ${bounds[name] ?? Number.MAX_SAFE_INTEGER})) AS ${name}`)
// Many versions of Node, such as 26.0, read a text only up to its first NUL. Reading all texts as bytes would take more than
// twice as long.
const texts = named.map(
  (name) => `CASE WHEN instr(${name}, char(0)) > 0 THEN CAST(${name} AS BLOB) ELSE ${name} END AS ${name}`
)

const notes = ["titled_by", "pinned", "archived", "tags"]
// A database of an earlier version that can only be read has no values.
const readNotes = [
  "titled_by",
  "ifnull(pinned, 0) AS pinned",
  "ifnull(archived, 0) AS archived",
  "ifnull(tags, '[]') AS tags"
]

const select = (more = "") => `SELECT key, ${more}${[...texts, ...bounded, ...readNotes].join(", ")} FROM sessions`
export const selectOne = `${select("epoch, holder, indexed, ")} WHERE id = ?`
export const selectByKey = `${select()} WHERE key = ?`
export const selectHead = `SELECT head FROM sessions WHERE id = ?`
// All parameters are plain `?`: Node before 22.20 and 24.7 does not bind values by position to numbered parameters.
export const selectMany = `${select()} WHERE (? IS NULL OR workspace = ?) AND (? = 0 OR open = 1)
  AND (? IS NULL OR ifnull(archived, 0) = ?) AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?))
  ORDER BY sessions.updated_at DESC, sessions.id DESC LIMIT ?`
/** Parameters for `selectMany`. */
export const selectManyValues = ({
  archived,
  limit,
  open,
  tag,
  workspace
}: Parameters<SessionManager["Service"]["list"]>[0]): ReadonlyArray<unknown> => {
  const kept = archived === undefined ? null : Number(archived)
  const [place, label] = [workspace ?? null, tag ?? null]
  return [
    place,
    place,
    open === undefined ? 0 : 1,
    kept,
    kept,
    label,
    label,
    limit === undefined ? -1 : atLeast0(limit)
  ]
}

// The upper bound lets SQLite use the index of the ids.
export const selectByPrefix = `${select()} WHERE id >= ? AND id < ? || char(1114111) ORDER BY id LIMIT 12`

const noteValues = (info: NotedSession): ReadonlyArray<unknown> => [
  info.titledBy ?? null,
  Number(info.pinned ?? false),
  Number(info.archived ?? false),
  JSON.stringify(info.tags ?? [])
]

const inserted = ["id", ...projected, ...notes]
export const insert = `INSERT INTO sessions (${inserted.join(", ")}, origin)
  VALUES (${inserted.map(() => "?").join(", ")}, (SELECT id FROM origin)) ON CONFLICT (id) DO NOTHING RETURNING key`
export const insertValues = (info: SessionInfo): ReadonlyArray<unknown> => [
  info.id,
  ...values(info),
  ...noteValues(info)
]

export const annotate = `UPDATE sessions SET title = ?, ${notes.map((name) => `${name} = ?`).join(", ")} WHERE key = ?`
export const annotateValues = (key: number, info: NotedSession): ReadonlyArray<unknown> => [
  info.title,
  ...noteValues(info),
  key
]

export const update = `UPDATE sessions SET ${projected.map((name) => `${name} = ?`).join(", ")} WHERE key = ?`
export const updateValues = (key: number, info: SessionInfo): ReadonlyArray<unknown> => [...values(info), key]

export const remove = `DELETE FROM sessions WHERE id = ? RETURNING key`

const decodeInfo = Schema.decodeUnknownResult(SessionInfo)

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })
const text = (stored: Text): string => (typeof stored === "string" ? stored : utf8.decode(stored))

const originOf = ({ fork_of, fork_round }: SessionRow) =>
  fork_of === null
    ? {}
    : { origin: { sessionId: text(fork_of), ...(fork_round === null ? {} : { roundId: text(fork_round) }) } }

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}

/** What a row of a session without notes contains, not yet checked. */
interface Plain extends Omit<SessionInfo, "id"> {
  readonly id: string
}

const plain = (row: SessionRow): Plain => ({
  id: text(row.id),
  workspace: text(row.workspace),
  title: text(row.title),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  head: row.head,
  rounds: row.rounds,
  open: row.open !== 0,
  usage: {
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens
  },
  cost: row.cost
})

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** The same check as that of the schema, in a tenth of the time: lists have thousands of rows. */
const isSound = (info: Plain): info is SessionInfo =>
  info.id !== "" &&
  isCount(info.createdAt) &&
  isCount(info.updatedAt) &&
  isCount(info.head) &&
  isCount(info.rounds) &&
  isCount(info.usage.inputTokens) &&
  isCount(info.usage.outputTokens) &&
  isCount(info.usage.cacheReadTokens) &&
  isCount(info.usage.cacheWriteTokens) &&
  Number.isFinite(info.cost)

/** Decodes a row. A failure contains the column and the value that no version of Parley writes. */
export const decode = (row: SessionRow): Result.Result<SessionInfo, string> => {
  const info = plain(row)
  const isMore =
    row.titled_by !== null || row.pinned !== 0 || row.archived !== 0 || row.tags !== "[]" || row.fork_of !== null
  if (!isMore && isSound(info)) return Result.succeed(info)
  return Result.mapError(
    decodeInfo({
      ...info,
      ...originOf(row),
      ...(row.titled_by === null ? {} : { titledBy: row.titled_by }),
      ...(row.pinned === 0 ? {} : { pinned: true }),
      ...(row.archived === 0 ? {} : { archived: true }),
      ...(row.tags === "[]" ? {} : { tags: parsed(row.tags) })
    }),
    (error) => `session ${info.id}: ${error.message}`
  )
}
