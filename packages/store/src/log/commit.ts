import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { SqlClient } from "effect/sql/SqlClient"
import { StorageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { Append } from "./append.ts"
import { type CommitPlan, plan, type PlannedSession, type StoredSession } from "./commitPlan.ts"
import { pragma } from "../database/connection.ts"
import type { Database } from "../database/connection.ts"
import * as EventRows from "./eventRows.ts"
import { warnOfGrowth } from "../file/growth.ts"
import * as SessionRows from "./sessionRows.ts"

const stored = Effect.fnUntraced(function* (sql: SqlClient, ids: ReadonlySet<SessionId>) {
  const sessions = new Map<SessionId, StoredSession>()
  for (const id of ids) {
    const [row] = yield* sql.unsafe<SessionRows.LeasedRow>(SessionRows.selectOne, [id])
    if (row === undefined) continue
    const info = SessionRows.decode(row)
    if (Result.isFailure(info))
      return yield* new StorageError({ operation: "append", reason: "Corrupt", detail: info.failure })
    sessions.set(id, { key: row.key, epoch: row.epoch, holder: row.holder, info: info.success })
  }
  return sessions
})

/** Fails unless the previous statement wrote `count` rows, so that only stored events are acknowledged. */
const wrote = Effect.fnUntraced(function* (sql: SqlClient, count: number) {
  const [row] = yield* sql.unsafe<{ readonly count: number }>("SELECT changes() AS count")
  if (row?.count !== count)
    return yield* new StorageError({
      operation: "append",
      reason: "Corrupt",
      detail: `only ${row?.count ?? 0} of ${count} rows were stored: another program has changed the database`
    })
})

const write = Effect.fnUntraced(function* (sql: SqlClient, session: PlannedSession) {
  for (const turn of session.ended) yield* sql.unsafe(EventRows.removeDeltas, [session.key, turn])
  for (const rows of Arr.chunksOf(session.rows, EventRows.insertLimit)) {
    yield* sql.unsafe(EventRows.insert(rows.length), EventRows.insertValues(rows))
    yield* wrote(sql, rows.length)
  }
  yield* sql.unsafe(SessionRows.update, SessionRows.updateValues(session.key, session.info))
  yield* wrote(sql, 1)
})

/**
 * Commits groups of appends, one after the other: one transaction for each group, with a full barrier if one of its events
 * needs it. After the commit it publishes the entries, and then completes the appends. Never fails: each append receives
 * its own outcome.
 */
export const make = (
  { inPlace, path, run }: Database,
  publish: (id: SessionId, entries: ReadonlyArray<LogEntry>) => void
): ((group: ReadonlyArray<Append>) => Effect.Effect<void>) => {
  /** The `synchronous` setting of the latest connection. A new connection has NORMAL. */
  let level: { readonly sql?: SqlClient; readonly name: string } = { name: "NORMAL" }
  const warn = warnOfGrowth(path)

  // Must run before the transaction: the setting cannot be changed within one.
  const synchronous = (sql: SqlClient, name: "NORMAL" | "FULL") =>
    name === (level.sql === sql ? level.name : "NORMAL")
      ? Effect.void
      : Effect.map(pragma(sql, `PRAGMA synchronous = ${name}`), () => {
          level = { sql, name }
        })

  const transaction = (sql: SqlClient, group: ReadonlyArray<Append>) =>
    Effect.gen(function* () {
      const appends = group.filter((append) => !append.abandoned)
      const sessions = yield* stored(sql, new Set(appends.map(({ id }) => id)))
      const planned = plan(appends, sessions, yield* Clock.currentTimeMillis)
      for (const session of planned.sessions) yield* write(sql, session)
      return planned
    }).pipe(sql.withTransaction)

  const announce = ({ outcomes }: CommitPlan) => {
    for (const [{ id, settle }, outcome] of outcomes) {
      if (Exit.isSuccess(outcome)) publish(id, outcome.value)
      settle(outcome)
    }
  }

  return (group) =>
    run("append")((sql) =>
      Effect.andThen(
        synchronous(sql, group.some((append) => append.needsBarrier) ? "FULL" : "NORMAL"),
        transaction(sql, group)
      )
    ).pipe(
      // Events that were committed to a file that was removed meanwhile are not stored.
      Effect.tap(inPlace),
      Effect.map(announce),
      Effect.andThen(warn),
      // Every caller must receive an outcome, even after a defect in this code.
      Effect.catchCause((cause) =>
        Effect.sync(() => {
          for (const { settle } of group) settle(Exit.failCause(cause))
        })
      ),
      Effect.withTracerEnabled(false)
    )
}
