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
import type { Synchronous } from "../database/barrier.ts"
import type { Database } from "../database/connection.ts"
import * as EventRows from "./eventRows.ts"
import * as PostRows from "./postRows.ts"
import { warnOfGrowth } from "../file/growth.ts"
import * as SearchRows from "./searchRows.ts"
import * as SessionRows from "./sessionRows.ts"

const stored = Effect.fnUntraced(function* (sql: SqlClient, ids: ReadonlySet<SessionId>) {
  const sessions = new Map<SessionId, StoredSession>()
  for (const id of ids) {
    const [row] = yield* sql.unsafe<SessionRows.LeasedRow>(SessionRows.selectOne, [id])
    if (row === undefined) continue
    const info = SessionRows.decode(row)
    if (Result.isFailure(info))
      return yield* new StorageError({ operation: "append", reason: "Corrupt", detail: info.failure })
    sessions.set(id, {
      key: row.key,
      epoch: row.epoch,
      holder: row.holder,
      indexed: row.indexed,
      info: info.success
    })
  }
  return sessions
})

/** Fails unless the previous statement wrote `count` rows, so that only stored events are acknowledged. */
export const wrote = Effect.fnUntraced(function* (sql: SqlClient, count: number) {
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
  for (const post of session.taken) {
    yield* sql.unsafe(PostRows.close, ["taken", session.key, PostRows.numberOf(post)])
    yield* wrote(sql, 1)
  }
  if (session.rows.length === 0) return
  yield* sql.unsafe(SessionRows.update, SessionRows.updateValues(session.key, session.info))
  yield* wrote(sql, 1)
  if (session.endsRound) yield* SearchRows.addRound(sql, { ...session, head: session.info.head })
})

/** What has become of the posts that the appends take. */
const storedPosts = Effect.fnUntraced(function* (
  sql: SqlClient,
  appends: ReadonlyArray<Append>,
  sessions: ReadonlyMap<SessionId, StoredSession>
) {
  const posts = new Map<string, PostRows.StoredPost>()
  for (const { at, id } of appends) {
    const key = sessions.get(id)?.key
    if (key === undefined) continue
    for (const post of at.takes ?? []) {
      const [row] = yield* sql.unsafe<PostRows.StoredPost>(PostRows.selectOne, [key, PostRows.numberOf(post.id)])
      if (row !== undefined) posts.set(PostRows.mapKey(id, post), row)
    }
  }
  return posts
})

/**
 * Commits groups of appends, one after the other: one transaction for each group, with a full barrier if one of its events
 * needs it. After the commit it publishes the entries, and then completes the appends. Never fails: each append receives
 * its own outcome.
 */
export const make = (
  { inPlace, path, run }: Database,
  options: {
    readonly synchronous: Synchronous
    readonly publish: (id: SessionId, entries: ReadonlyArray<LogEntry>) => void
    /** Posts of the session were taken. */
    readonly taken: (id: SessionId) => void
  }
): ((group: ReadonlyArray<Append>) => Effect.Effect<void>) => {
  const warn = warnOfGrowth(path)

  const transaction = (sql: SqlClient, group: ReadonlyArray<Append>) =>
    Effect.gen(function* () {
      const appends = group.filter((append) => !append.abandoned)
      const sessions = yield* stored(sql, new Set(appends.map(({ id }) => id)))
      const posts = yield* storedPosts(sql, appends, sessions)
      const planned = plan(appends, sessions, posts, yield* Clock.currentTimeMillis)
      for (const session of planned.sessions) yield* write(sql, session)
      return planned
    }).pipe(sql.withTransaction)

  const announce = ({ outcomes }: CommitPlan) => {
    for (const [{ at, id, settle }, outcome] of outcomes) {
      if (Exit.isSuccess(outcome)) options.publish(id, outcome.value)
      if (Exit.isSuccess(outcome) && (at.takes ?? []).length > 0) options.taken(id)
      settle(outcome)
    }
  }

  return (group) =>
    run("append")((sql) =>
      Effect.andThen(
        options.synchronous(sql, group.some((append) => append.needsBarrier) ? "FULL" : "NORMAL"),
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
