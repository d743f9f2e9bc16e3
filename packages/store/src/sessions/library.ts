import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { SqlClient } from "effect/sql/SqlClient"
import { InvalidMessage, SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { type SessionInfo, withNotes } from "@parley/domain/SessionInfo"
import { restored, type RestoreOptions, type SessionLibrary } from "@parley/domain/SessionLibrary"
import { changed, type NotesChange } from "@parley/domain/SessionNotes"
import { beginnings, choose } from "@parley/domain/SessionPrefix"
import { type Phrase, phrasesOf } from "@parley/domain/SearchWords"
import { type SearchHit, type SearchOptions, snippetOf, usualLimit } from "@parley/domain/SessionSearch"
import type { Synchronous } from "../database/barrier.ts"
import type { Database } from "../database/connection.ts"
import * as EventRows from "../log/eventRows.ts"
import * as SearchRows from "../log/searchRows.ts"
import * as SessionRows from "../log/sessionRows.ts"

/** Finds the sessions of a database, and stores what the user notes about them. */
export const make = (
  { run, unreadable }: Database,
  { nextId, synchronous }: { readonly nextId: Effect.Effect<SessionId>; readonly synchronous: Synchronous }
): SessionLibrary => {
  const decoded = (operation: string, rows: ReadonlyArray<SessionRows.SessionRow>) =>
    Effect.mapError(
      Effect.fromResult(Result.all(rows.map(SessionRows.decode))),
      (detail) => new StorageError({ operation, reason: unreadable, detail })
    )

  const find = Effect.fn("SessionManager.find")(function* (prefix: string) {
    const rows = yield* run("find")((sql) =>
      Effect.forEach(beginnings(prefix), (start) =>
        sql.unsafe<SessionRows.SessionRow>(SessionRows.selectByPrefix, [start, start])
      )
    )
    const candidates = yield* decoded("find", rows.flat())
    return yield* Effect.fromResult(choose(prefix, candidates))
  })

  const annotate = Effect.fn("SessionManager.annotate")(function* (id: SessionId, change: NotesChange) {
    // One transaction, so that of two changes at the same time neither is lost.
    const outcome = yield* run("annotate")((sql) =>
      Effect.gen(function* () {
        const [row] = yield* sql.unsafe<SessionRows.SessionRow>(SessionRows.selectOne, [id])
        if (row === undefined) return Result.fail(new SessionNotFound({ sessionId: id }))
        const [info] = yield* decoded("annotate", [row])
        if (info === undefined) return Result.fail(new SessionNotFound({ sessionId: id }))
        const next: Result.Result<SessionInfo, SessionNotFound | InvalidMessage> = Result.map(
          changed(info, change),
          (noted) => withNotes(info, noted)
        )
        if (Result.isSuccess(next))
          yield* sql.unsafe(SessionRows.annotate, SessionRows.annotateValues(row.key, next.success))
        return next
      }).pipe(sql.withTransaction)
    )
    return yield* Effect.fromResult(outcome)
  })

  const catchUp = run("search")((sql) => SearchRows.catchUp(sql).pipe(sql.withTransaction)).pipe(
    Effect.repeat({ while: (more) => more }),
    // A database that cannot be written to can still be searched.
    Effect.catch(({ detail }) =>
      Effect.logWarning(
        `The search does not cover all sessions: those of an earlier version are not indexed yet: ${detail}`
      )
    )
  )

  /** What was found, with its session; nothing if it was removed meanwhile. */
  const hitOf = (sql: SqlClient, { key, seq }: SearchRows.Hit, phrases: ReadonlyArray<Phrase>) =>
    Effect.gen(function* () {
      const [row] = yield* sql.unsafe<SessionRows.SessionRow>(SessionRows.selectByKey, [key])
      const [event] = yield* sql.unsafe<EventRows.EventRow>(EventRows.selectEvent, [key, seq])
      if (row === undefined || event === undefined) return []
      const [session] = yield* decoded("search", [row])
      const entry = EventRows.decode(event)
      if (session === undefined || Result.isFailure(entry)) return []
      const hit: SearchHit = { session, seq, at: event.at, ...snippetOf(entry.success.event, phrases) }
      return [hit]
    })

  const search = Effect.fn("SessionManager.search")(function* (wanted: SearchOptions) {
    const { limit = usualLimit, text, workspaces } = wanted
    const phrases = yield* Effect.fromResult(phrasesOf(text))
    yield* catchUp
    const hits = yield* run("search")((sql) =>
      Effect.flatMap(SearchRows.find(sql, phrases, workspaces, Math.max(0, Math.trunc(limit))), (rows) =>
        Effect.forEach(rows, (row) => hitOf(sql, row, phrases))
      )
    )
    return hits.flat()
  })

  const restore = Effect.fn("SessionManager.restore")(function* (options: RestoreOptions) {
    const info = yield* Effect.fromResult(restored(yield* nextId, options))
    const bodies = Result.all(options.entries.map(({ event }) => EventRows.encode(event)))
    if (Result.isFailure(bodies))
      return yield* new InvalidMessage({ problem: `An event is malformed: ${bodies.failure}` })
    yield* run("restore")((sql) =>
      Effect.gen(function* () {
        const [row] = yield* sql.unsafe<{ readonly key: number }>(SessionRows.insert, SessionRows.insertValues(info))
        if (row === undefined)
          return yield* new StorageError({
            operation: "restore",
            reason: "Unavailable",
            detail: `${info.id} is in use`
          })
        const rows = options.entries.map(({ at, event, seq }, i): EventRows.NewEvent => ({
          session: row.key,
          seq,
          at,
          body: bodies.success[i] ?? "",
          deltaOf: event._tag === "TurnDelta" ? event.turnId : null
        }))
        for (const some of Arr.chunksOf(rows, EventRows.insertLimit))
          yield* sql.unsafe(EventRows.insert(some.length), EventRows.insertValues(some))
      }).pipe(sql.withTransaction, (stored) => Effect.andThen(synchronous(sql, "FULL"), stored))
    )
    return info
  })

  return { find, restore, annotate, search }
}
