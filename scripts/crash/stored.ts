import { cpSync, existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { SessionId } from "../../packages/domain/src/Ids.ts"
import { LogEntry } from "../../packages/domain/src/SessionEvent.ts"
import type { SessionInfo } from "../../packages/domain/src/SessionInfo.ts"
import * as Schema from "effect/Schema"
import type { Place } from "./place.ts"

export interface StoredSession {
  readonly id: string
  readonly log: ReadonlyArray<LogEntry>
  /** The data of its row in the table of sessions. */
  readonly info: SessionInfo
  /** What was posted to it. */
  readonly posts: ReadonlyArray<{ readonly id: string; readonly state: string }>
}

export interface Stored {
  /** Sessions with their logs, oldest first. */
  readonly sessions: ReadonlyArray<StoredSession>
  /** The results of SQLite's integrity checks. */
  readonly damage: ReadonlyArray<string>
}

const decode = Schema.decodeUnknownSync(LogEntry)

const infoOf = (id: string, row: { readonly [column: string]: unknown }): SessionInfo => ({
  id: SessionId.make(id),
  workspace: String(row["workspace"]),
  title: String(row["title"]),
  createdAt: Number(row["created_at"]),
  updatedAt: Number(row["updated_at"]),
  head: Number(row["head"]),
  rounds: Number(row["rounds"]),
  open: row["open"] !== 0,
  usage: {
    inputTokens: Number(row["input_tokens"]),
    outputTokens: Number(row["output_tokens"]),
    cacheReadTokens: Number(row["cache_read_tokens"]),
    cacheWriteTokens: Number(row["cache_write_tokens"])
  },
  cost: Number(row["cost"])
})

/**
 * Reads the state after a crash from a copy of the database, without using the store: opening the database itself would
 * recover it before the next message does, and the store is the code under test.
 */
export const readStored = ({ data, scratch }: Pick<Place, "data" | "scratch">): Stored => {
  rmSync(scratch, { recursive: true, force: true })
  if (!existsSync(join(data, "parley.db"))) return { sessions: [], damage: [] }
  cpSync(data, scratch, { recursive: true })
  const database = new DatabaseSync(join(scratch, "parley.db"))
  try {
    const check = database.prepare("PRAGMA integrity_check").all()
    const foreign = database.prepare("PRAGMA foreign_key_check").all()
    const events = database.prepare("SELECT seq, at, body FROM events WHERE session = ? ORDER BY seq")
    const posts = database.prepare("SELECT n, state FROM posts WHERE session = ? ORDER BY n")
    return {
      sessions: database
        .prepare("SELECT * FROM sessions ORDER BY key")
        .all()
        .map(({ id, key, ...row }) => ({
          id: String(id),
          info: infoOf(String(id), row),
          posts: posts.all(Number(key)).map(({ n, state }) => ({ id: `p${String(n)}`, state: String(state) })),
          log: events.all(Number(key)).map(({ at, body, seq }) => decode({ seq, at, event: JSON.parse(String(body)) }))
        })),
      damage: [
        ...check.map((row) => String(row["integrity_check"])),
        ...foreign.map((row) => JSON.stringify(row))
      ].filter((text) => text !== "ok")
    }
  } finally {
    database.close()
  }
}

const decodeLine = Schema.decodeUnknownSync(Schema.fromJsonString(LogEntry))

/** The entries that `--format stream-json` has printed. Only the last line may be incomplete. */
export const readShown = (stdout: string): ReadonlyArray<LogEntry> =>
  stdout
    .slice(0, stdout.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => decodeLine(line))
