import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { nextSessionId, type SessionId, SessionIds } from "@parley/domain/Ids"
import * as PostFeed from "@parley/domain/PostFeed"
import type { LogEntry } from "@parley/domain/SessionEvent"
import * as SessionFeed from "@parley/domain/SessionFeed"
import { fresh } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Append from "../log/append.ts"
import * as Barrier from "../database/barrier.ts"
import * as Commit from "../log/commit.ts"
import * as CopyLog from "../log/copyLog.ts"
import * as Database from "../database/database.ts"
import * as DatabaseFile from "../file/databaseFile.ts"
import * as Erase from "../log/erase.ts"
import * as EventRows from "../log/eventRows.ts"
import * as GroupCommit from "../log/groupCommit.ts"
import * as Library from "./library.ts"
import * as Leases from "../database/leases.ts"
import * as ReadOnly from "../database/readOnly.ts"
import * as SessionRows from "../log/sessionRows.ts"
import * as SqlitePosts from "./SqlitePosts.ts"
import { BusyLimit, FlushInterval, FollowInterval, LeaseDuration, LeaseRenewal } from "../file/StoreSettings.ts"

type Service = SessionManager["Service"]

/** The number of rows that are decoded before other fibers may run. */
const slice = 500

const decodeAll = Effect.fnUntraced(function* <A>(
  rows: ReadonlyArray<A>,
  decode: (row: A) => Result.Result<LogEntry, string>,
  /** Receives the decoded entries, including those before a damaged one. */
  entries: Array<LogEntry> = []
) {
  for (const row of rows) {
    const entry = decode(row)
    if (Result.isFailure(entry)) return yield* Effect.fail(entry.failure)
    if (entries.push(entry.success) % slice === 0) yield* Effect.yieldNow
  }
  return entries
})

/**
 * Options of `layer`. `filename` is the path of the database.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly filename: string
  /**
   * With `read`, a database that cannot be opened for writing, because it is read-only or was written by a newer version,
   * can still be listed and read. Operations that write then fail. Default: `write`.
   */
  readonly access?: "write" | "read"
}

const make = Effect.fnUntraced(function* ({ access, filename }: Options) {
  const ids = yield* SessionIds
  const limit = yield* BusyLimit
  // Checked first, even for reading: the creator of a database decides what SQLite executes when it is read.
  yield* DatabaseFile.checkOwnership(filename)
  const database = yield* Database.open(filename, limit).pipe(
    access === "read" ? Effect.catch((error) => ReadOnly.open(filename, limit, error)) : (whole) => whole
  )
  const { path, run, unreadable } = database
  const corrupt = (operation: string) => (detail: string) => new StorageError({ operation, reason: unreadable, detail })
  const damaged = (sessionId: SessionId) => (detail: string) =>
    new StorageError({ operation: "read", reason: unreadable, detail: `session ${sessionId}, ${detail}`, sessionId })
  const feed = SessionFeed.make()
  const postFeed = PostFeed.make()
  const synchronous = Barrier.make()
  const interval = yield* FollowInterval
  const submit = yield* GroupCommit.make({
    interval: yield* FlushInterval,
    commit: Commit.make(database, { synchronous, publish: feed.publish, taken: postFeed.changed })
  })

  const { acquire } = Leases.make(database, { duration: yield* LeaseDuration, renewal: yield* LeaseRenewal })

  const create = Effect.fn("SessionManager.create")(function* (wanted: Parameters<Service["create"]>[0]) {
    const id = wanted.id ?? (yield* nextSessionId(ids))
    const now = yield* Clock.currentTimeMillis
    const info = fresh(id, now, wanted)
    const rows = yield* run("create")((sql) => sql.unsafe(SessionRows.insert, SessionRows.insertValues(info)))
    if (rows.length === 0) return yield* new SessionBusy({ sessionId: id, detail: "this id is already taken" })
    return info
  })

  const get = Effect.fn("SessionManager.get")(function* (id: SessionId) {
    const [row] = yield* run("get")((sql) => sql.unsafe<SessionRows.SessionRow>(SessionRows.selectOne, [id]))
    if (row === undefined) return yield* new SessionNotFound({ sessionId: id })
    return yield* Effect.mapError(Effect.fromResult(SessionRows.decode(row)), corrupt("get"))
  })

  const list = Effect.fn("SessionManager.list")(function* (wanted: Parameters<Service["list"]>[0]) {
    const rows = yield* run("list")((sql) =>
      sql.unsafe<SessionRows.SessionRow>(SessionRows.selectMany, SessionRows.selectManyValues(wanted))
    )
    return yield* Effect.mapError(Effect.fromResult(Result.all(rows.map(SessionRows.decode))), corrupt("list"))
  })

  const ended = (id: SessionId) => {
    feed.end(id)
    postFeed.end(id)
  }

  const remove = Effect.fn("SessionManager.remove")(function* (id: SessionId) {
    // Uninterruptible, so that the subscriptions of a removed session always end.
    const removed = yield* run("remove")((sql) =>
      Effect.uninterruptible(
        Effect.tap(Erase.session(sql, id), ({ _tag }) => Effect.sync(() => (_tag === "Busy" ? undefined : ended(id))))
      )
    )
    if (removed._tag === "Busy") return yield* removed.error
    if (removed._tag === "Missing") return yield* new SessionNotFound({ sessionId: id })
    yield* run("remove")((sql) => Effect.uninterruptible(Erase.rest(sql, path))).pipe(
      Effect.catch(({ detail }) =>
        Effect.logWarning(
          `The session is deleted, but its content may still be in ${path} or ${path}-wal, and its space is not released: ` +
            `${detail}. Parley tries again when another session is deleted`
        )
      )
    )
  })

  const append: Service["append"] = (id, at, events) =>
    Effect.suspend(() => {
      const bodies = Result.all(events.map(EventRows.encode))
      if (Result.isFailure(bodies))
        return Effect.fail(
          new StorageError({
            operation: "append",
            reason: "Unavailable",
            detail: `an event is malformed: ${bodies.failure}`
          })
        )
      return Effect.callback<ReadonlyArray<LogEntry>, Append.AppendError>((resume) => {
        const request = Append.make(id, at, events, bodies.success, resume)
        submit(request)
        return Effect.sync(() => {
          request.abandoned = true
        })
      })
    })

  /** Reads the rows one by one, so that an error names the damaged event. */
  const readRows = Effect.fnUntraced(function* (id: SessionId, after: number) {
    const rows = yield* run("read")((sql) =>
      sql.unsafe<EventRows.EventRow>(EventRows.select, EventRows.selectValues(id, after))
    )
    return yield* decodeAll(rows, EventRows.decode)
  })

  const readPage = Effect.fnUntraced(function* (id: SessionId, after: number) {
    const [row] = yield* run("read")((sql) =>
      sql.unsafe<EventRows.EventList>(EventRows.selectList, EventRows.selectListValues(id, after))
    )
    if (row === undefined) return yield* new SessionNotFound({ sessionId: id })
    const raw = EventRows.rawEntries(row)
    const entries = yield* (raw === undefined ? readRows(id, after) : decodeAll(raw, EventRows.decodeRaw)).pipe(
      Effect.catchIf(Predicate.isString, (detail) => Effect.fail(damaged(id)(detail)))
    )
    return { entries, head: row.head, more: row.count === EventRows.pageSize }
  })

  const read = Effect.fnUntraced(function* (id: SessionId, after: number) {
    let page = yield* readPage(id, after)
    const entries = page.entries
    while (page.more) {
      page = yield* readPage(id, entries.at(-1)?.seq ?? after)
      for (const entry of page.entries) entries.push(entry)
    }
    if (Math.max(after, page.head) !== (entries.at(-1)?.seq ?? after))
      return yield* damaged(id)(
        `event ${page.head}: the log must end with it, but ends with event ${entries.at(-1)?.seq ?? after}`
      )
    return entries
  }, Effect.withTracerEnabled(false))

  const salvage = Effect.fnUntraced(function* (id: SessionId) {
    yield* get(id)
    const entries: Array<LogEntry> = []
    const page = Effect.suspend(() => {
      const before = entries.length
      return run("salvage")((sql) =>
        sql.unsafe<EventRows.EventRow>(EventRows.selectReadable, EventRows.selectValues(id, entries.at(-1)?.seq ?? 0))
      ).pipe(
        Effect.flatMap((rows) => decodeAll(rows, EventRows.decode, entries)),
        Effect.map(() => entries.length === before + EventRows.pageSize),
        Effect.catchIf(Predicate.isString, () => Effect.succeed(false))
      )
    })
    yield* Effect.repeat(page, { while: (more) => more })
    return entries
  })

  const fork: Service["fork"] = Effect.fn("SessionManager.fork")(function* (wanted) {
    const id = wanted.id ?? (yield* nextSessionId(ids))
    // Reading a whole log is faster than reading what can be read of it.
    const readable = read(wanted.origin, 0).pipe(Effect.catchTag("StorageError", () => salvage(wanted.origin)))
    const copied = (yield* readable).filter(({ event, seq }) => seq <= wanted.through && event._tag !== "TurnDelta")
    if ((copied.at(-1)?.seq ?? 0) !== wanted.through)
      return yield* damaged(wanted.origin)(`event ${wanted.through}: it cannot be read`)
    const info = yield* get(wanted.origin)
    return yield* CopyLog.make(database, synchronous, { ...wanted, id, info, copied })
  })

  /** Also true if the session is gone or the query fails: `read` then reports it. */
  const hasMore = (id: SessionId) => (after: number) =>
    run("follow")((sql) => sql.unsafe<{ readonly head: number }>(SessionRows.selectHead, [id])).pipe(
      Effect.match({ onFailure: () => true, onSuccess: ([row]) => row === undefined || row.head > after })
    )

  const follow: Service["follow"] = (id, after) =>
    Stream.unwrap(
      Effect.map(Ref.make(false), (known) => {
        const replay = (cursor: number) =>
          read(id, cursor).pipe(
            Effect.tap(() => Ref.set(known, true)),
            // A session that existed before was removed, by this or another process: the subscription ends.
            Effect.catchTag("SessionNotFound", (error) =>
              Effect.flatMap(Ref.get(known), (wasThere) =>
                wasThere
                  ? Effect.as(
                      Effect.sync(() => ended(id)),
                      []
                    )
                  : Effect.fail(error)
              )
            )
          )
        return feed.follow(id, after, replay, { interval, hasMore: hasMore(id) })
      })
    )

  const posts = SqlitePosts.make(database, { synchronous, feed: postFeed, interval })
  const library = Library.make(database, { nextId: nextSessionId(ids), synchronous })
  return SessionManager.of({
    create,
    fork,
    get,
    list,
    remove,
    acquire,
    append,
    read,
    salvage,
    follow,
    ...posts,
    ...library
  })
})

/**
 * Sessions in one SQLite database file. A missing file is created, private to its owner, like its directory if that is
 * missing too. Any number of processes may use one file concurrently.
 *
 * A file that cannot be used, or that another program or a newer version wrote, is a `StorageError`, and is not changed. An
 * acknowledged event can be lost only in a power failure, and not even then if `SessionEvent.needsBarrier` holds for it or
 * for a later acknowledged event. An interrupted `append` is stored either completely or not at all. When the layer's scope
 * ends, accepted appends are committed before the file is closed.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<SessionManager, StorageError> =>
  Layer.effect(SessionManager, make(options))
