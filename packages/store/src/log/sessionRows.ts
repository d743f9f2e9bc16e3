import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { SessionInfo } from "@parley/domain/SessionInfo"

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
  readonly fork_of: Text | null
  readonly fork_round: Text | null
}

/** A row with the epoch of the latest lease and its holder. */
export interface LeasedRow extends SessionRow {
  readonly epoch: number
  readonly holder: string | null
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

const select = (more = "") => `SELECT key, ${more}${[...texts, ...bounded].join(", ")} FROM sessions`
export const selectOne = `${select("epoch, holder, ")} WHERE id = ?`
export const selectHead = `SELECT head FROM sessions WHERE id = ?`
// All parameters are plain `?`: Node before 22.20 and 24.7 does not bind values by position to numbered parameters.
export const selectMany = `${select()} WHERE (? IS NULL OR workspace = ?) AND (? = 0 OR open = 1)
  ORDER BY sessions.updated_at DESC, sessions.id DESC LIMIT ?`
/** Parameters for `selectMany`. A `limit` below 0 means no limit. */
export const selectManyValues = (
  workspace: string | undefined,
  onlyOpen: boolean,
  limit: number
): ReadonlyArray<unknown> => [workspace ?? null, workspace ?? null, onlyOpen ? 1 : 0, limit]

export const insert = `INSERT INTO sessions (id, ${projected.join(", ")}, origin)
  VALUES (?, ${projected.map(() => "?").join(", ")}, (SELECT id FROM origin)) ON CONFLICT (id) DO NOTHING RETURNING key`
export const insertValues = (info: SessionInfo): ReadonlyArray<unknown> => [info.id, ...values(info)]

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

/** Decodes a row. A failure contains the column and the value that no version of Parley writes. */
export const decode = (row: SessionRow): Result.Result<SessionInfo, string> =>
  Result.mapError(
    decodeInfo({
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
      cost: row.cost,
      ...originOf(row)
    }),
    (error) => `session ${text(row.id)}: ${error.message}`
  )
