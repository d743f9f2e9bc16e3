import { statSync } from "node:fs"
import { resolve } from "node:path"
import type { StorageError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import { pragma } from "../database/connection.ts"
import * as Database from "../database/database.ts"
import * as DatabaseFile from "../file/databaseFile.ts"
import { BusyLimit } from "../file/StoreSettings.ts"

const moveSessions = `UPDATE sessions SET workspace = ? WHERE workspace = ? RETURNING id`
// What both workspaces have spent on one day is added up.
const addSpent = `INSERT INTO budget_spent (day, workspace, nanos)
  SELECT day, ?, nanos FROM budget_spent WHERE workspace = ?
  ON CONFLICT (day, workspace) DO UPDATE SET nanos = nanos + excluded.nanos`
const removeSpent = `DELETE FROM budget_spent WHERE workspace = ?`
const moveReserved = `UPDATE budget_reserved SET workspace = ? WHERE workspace = ?`

/**
 * Which workspace becomes which other one. Both are real paths, of which the first need not exist any more.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly filename: string
  readonly from: string
  readonly to: string
}

/**
 * Makes the sessions of one workspace, and what was spent in it, those of another one: all or nothing, and durably. Returns
 * the ids of the sessions. Their events stay as they are. Other processes may use the database, and the sessions, meanwhile. A
 * missing database is not created.
 *
 * @since 0.1.0
 * @category functions
 */
export const relocate = Effect.fn("Relocate.relocate")(function* ({
  filename,
  from,
  to
}: Options): Effect.fn.Return<ReadonlyArray<string>, StorageError> {
  if (from === to || statSync(resolve(filename), { throwIfNoEntry: false }) === undefined) return []
  yield* DatabaseFile.checkOwnership(filename)
  const moved = Effect.gen(function* () {
    const { run } = yield* Database.open(filename, yield* BusyLimit)
    return yield* run("relocate")((sql) =>
      Effect.andThen(
        pragma(sql, "PRAGMA synchronous = FULL"),
        Effect.gen(function* () {
          const sessions = yield* sql.unsafe<{ readonly id: string }>(moveSessions, [to, from])
          yield* sql.unsafe(addSpent, [to, from])
          yield* sql.unsafe(removeSpent, [from])
          yield* sql.unsafe(moveReserved, [to, from])
          return sessions.map(({ id }) => id)
        }).pipe(sql.withTransaction)
      )
    )
  })
  return yield* Effect.scoped(moved)
})
