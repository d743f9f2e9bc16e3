import { readFileSync, statSync } from "node:fs"
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { StorageError } from "@parley/domain/Errors"
import { connect } from "./connection.ts"
import { isAlive } from "./leases.ts"
import { applicationId } from "./migrations.ts"
import { typed } from "../file/storageError.ts"

/** In bytes. Of a larger file only the list of sessions is checked on opening: the rest would take more than a second. */
const limitBytes = 256 * 1024 * 1024

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * Whether the index of a write-ahead log states that not all of the log has been moved to the database. SQLite removes the
 * log before the index, and only when nothing is pending. The index is in the machine's byte order.
 */
const pending = (path: string): boolean => {
  if (sizeOf(path) < 100) return false
  const words = new Uint32Array(Uint8Array.from(readFileSync(path).subarray(0, 100)).buffer)
  const [frames = 0, moved = 0] = [words[4], words[24]]
  return frames > moved
}

const corrupt = (detail: string) => Effect.fail(new StorageError({ operation: "open", reason: "Corrupt", detail }))

/** Whether a column exists, which depends on the version of the database. */
const has = (columns: ReadonlyArray<{ readonly name: string }>, name: string) =>
  columns.some((column) => column.name === name)

interface Origin {
  readonly id: string
}

/** Checks that the log belongs to this database. A log does not state its file, so SQLite would apply any database's log. */
const sameOrigin = Effect.fnUntraced(function* (path: string, sql: SqlClient) {
  const foreign = yield* sql.unsafe("SELECT 1 FROM sessions WHERE origin <> (SELECT id FROM origin) LIMIT 1")
  const alone = yield* connect(`${pathToFileURL(path).href}?immutable=1`, true)
  // The table may be missing here, if it was created by the database's own log.
  const before = yield* Effect.orElseSucceed(
    alone.unsafe<Origin>("SELECT id FROM origin"),
    (): ReadonlyArray<Origin> => []
  )
  const after = yield* sql.unsafe<Origin>("SELECT id FROM origin")
  if (foreign.length > 0 || (before[0] !== undefined && before[0].id !== after[0]?.id))
    return yield* corrupt(
      `${path}-wal belongs to another database; move it and ${path}-shm away to use ${path} without it`
    )
})

/**
 * Checks for damage if a process may have died with the database open, that is, if a log was left and no live process holds
 * a session's lease. After a regular exit there is no log, and this only inspects the directory. Never writes.
 */
export const inspect = Effect.fnUntraced(
  function* (path: string) {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
    if (log === undefined && pending(`${path}-shm`))
      return yield* corrupt(
        `${path}-wal is missing, and with it the latest changes; put it back, or remove ${path}-shm to continue without them`
      )
    if (log === undefined || log.size === 0) return
    const sql = yield* connect(path, true)
    const [ours] = yield* sql.unsafe<{ readonly application_id: number }>("PRAGMA application_id").unprepared
    if (ours?.application_id !== applicationId) return
    const columns = yield* sql.unsafe<{ readonly name: string }>("PRAGMA table_info(sessions)").unprepared
    if (has(columns, "holder")) {
      const held = yield* sql.unsafe<{ readonly holder: string }>(
        "SELECT DISTINCT holder FROM sessions WHERE holder IS NOT NULL"
      )
      if (held.some(({ holder }) => isAlive(holder))) return
    }
    const scope = sizeOf(path) > limitBytes ? "sessions" : "1"
    const [first] = yield* sql.unsafe<{ readonly quick_check: string }>(`PRAGMA quick_check(${scope})`).unprepared
    if (first?.quick_check !== "ok") return yield* corrupt(`${first?.quick_check ?? "no answer"} (${path})`)
    if (has(columns, "origin")) yield* sameOrigin(path, sql)
  },
  (effect, path) => effect.pipe(Effect.scoped, typed("open", path))
)
