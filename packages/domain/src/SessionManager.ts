import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { SessionBusy, SessionNotFound, type StorageError } from "./Errors.ts"
import { nextSessionId, type PostId, type SessionId, SessionIds } from "./Ids.ts"
import type { Lease, WriteAt } from "./Lease.ts"
import * as MemoryPosts from "./MemoryPosts.ts"
import type { NewPost, Post, PostChanged, PostExists } from "./Post.ts"
import { endsTurn, type LogEntry, type SessionEvent } from "./SessionEvent.ts"
import * as SessionFeed from "./SessionFeed.ts"
import { fresh, project, type SessionInfo } from "./SessionInfo.ts"
import { inMemory, type SessionLibrary } from "./SessionLibrary.ts"

/** A session of `layerMemory`. */
interface MemoryLog {
  info: SessionInfo
  entries: Array<LogEntry>
  epoch: number
  held: boolean
}

/**
 * Stores sessions. An implementation guarantees that appends are atomic and ordered, that only the holder of the lease
 * appends, and that barriers are on the disk before they are acknowledged.
 * `packages/testing/src/contract/SessionManagerContract.ts` tests this contract.
 *
 * @since 0.1.0
 * @category services
 */
export class SessionManager extends Context.Service<
  SessionManager,
  SessionLibrary & {
    /** Creates an empty session. Fails with `SessionBusy` if the given id is already in use. */
    readonly create: (options: {
      /** The real path of the workspace. */
      readonly workspace?: string | undefined
      /** Without a title, the session gets one from its first message. */
      readonly title?: string | undefined
      /** An id chosen by the caller, which must be new. Default: a generated id. */
      readonly id?: SessionId | undefined
    }) => Effect.Effect<SessionInfo, StorageError | SessionBusy>
    /**
     * Creates a session with a copy of another one's events up to the number `through`, with their numbers and times,
     * followed by `events`. It has the workspace and the title of the other session, which is not changed and may be in use.
     * It has no posts, and ids that the other session has given to posts are not used again.
     * All of it is on the disk when this returns, or nothing. Only copied events have to be readable. Fails with
     * `SessionBusy` if the given id is already in use.
     */
    readonly fork: (options: {
      readonly origin: SessionId
      /** The number of the last event to copy; 0 for none. Deltas of an open turn cannot be copied. */
      readonly through: number
      readonly events: ReadonlyArray<SessionEvent>
      /** An id chosen by the caller, which must be new. Default: a generated id. */
      readonly id?: SessionId | undefined
    }) => Effect.Effect<SessionInfo, StorageError | SessionNotFound | SessionBusy>
    /** The session's current summary. */
    readonly get: (id: SessionId) => Effect.Effect<SessionInfo, StorageError | SessionNotFound>
    /** Lists sessions, most recent activity first. */
    readonly list: (options: {
      /** Only sessions of this workspace. */
      readonly workspace?: string | undefined
      /** Only sessions with an open round. */
      readonly open?: true | undefined
      /** `false`: without those that are archived; `true`: only those. */
      readonly archived?: boolean | undefined
      /** Only sessions with this tag. */
      readonly tag?: string | undefined
      /** Maximum number of sessions. Default: all. */
      readonly limit?: number | undefined
    }) => Effect.Effect<ReadonlyArray<SessionInfo>, StorageError>
    /**
     * Deletes the session with everything that is stored about it, and ends its subscriptions. Fails with `SessionBusy`, and
     * deletes nothing, while its lease is held, in this process or in another.
     */
    readonly remove: (id: SessionId) => Effect.Effect<void, StorageError | SessionNotFound | SessionBusy>
    /**
     * Acquires the session's lease until the scope closes, and renews it automatically. Fails immediately with
     * `SessionBusy` while the lease is held elsewhere, in this process or in another. A lease whose holder died or
     * stopped renewing can be acquired.
     */
    readonly acquire: (id: SessionId) => Effect.Effect<Lease, StorageError | SessionNotFound | SessionBusy, Scope.Scope>
    /**
     * Appends all events or none, with the sequence numbers `after + 1`, `after + 2` and so on. Fails with `SessionBusy`,
     * without appending anything, if the lease was acquired again since `epoch`, or if `after` is not the session's head;
     * both mean that there is another writer. Fails with `PostChanged`, also without appending anything, if one of the
     * posts `at.takes` was taken, withdrawn or edited; otherwise the append takes all of them. An event that ends a turn
     * removes the deltas of that turn. Events for which `SessionEvent.needsBarrier` holds, and taken posts, are on the disk
     * when this returns. Subscribers receive events only afterwards.
     */
    readonly append: (
      id: SessionId,
      at: WriteAt,
      events: ReadonlyArray<SessionEvent>
    ) => Effect.Effect<ReadonlyArray<LogEntry>, StorageError | SessionNotFound | SessionBusy | PostChanged>
    /** All stored events with a sequence number greater than `after`, in order. Fails if one of them is damaged. */
    readonly read: (
      id: SessionId,
      after: number
    ) => Effect.Effect<ReadonlyArray<LogEntry>, StorageError | SessionNotFound>
    /** For repairs: all events of the session or, if some are damaged, the events before the first damaged one. */
    readonly salvage: (id: SessionId) => Effect.Effect<ReadonlyArray<LogEntry>, StorageError | SessionNotFound>
    /**
     * Replays the events after `after` as `read` does, then emits new ones without gaps or duplicates: events of this
     * process immediately, those of other processes after a short delay. Ends when the session is removed. There may be
     * any number of subscribers. A slow one does not delay the writer, and its memory use is bounded.
     */
    readonly follow: (id: SessionId, after: number) => Stream.Stream<LogEntry, StorageError | SessionNotFound>
    /**
     * Posts to a session, at any time and from any process: the post waits until the holder of the lease takes it with an
     * append. It is on the disk when this returns. Fails with `PostExists`, without storing anything, if the session ever
     * had a post with the same key.
     */
    readonly post: (id: SessionId, post: NewPost) => Effect.Effect<Post, StorageError | SessionNotFound | PostExists>
    /** The waiting posts, in the order in which they were posted. */
    readonly posts: (id: SessionId) => Effect.Effect<ReadonlyArray<Post>, StorageError | SessionNotFound>
    /** Replaces the payload of a waiting post. On the disk when this returns. Fails with `PostChanged` if it does not wait. */
    readonly editPost: (
      id: SessionId,
      post: PostId,
      payload: Post["payload"]
    ) => Effect.Effect<void, StorageError | SessionNotFound | PostChanged>
    /** Withdraws a waiting post: it is never taken. On the disk when this returns. Fails with `PostChanged` otherwise. */
    readonly withdrawPost: (
      id: SessionId,
      post: PostId
    ) => Effect.Effect<void, StorageError | SessionNotFound | PostChanged>
    /**
     * Emits the waiting posts, as `posts` returns them, and again each time they have changed: changes of this process
     * immediately, those of other processes after a short delay. Ends when the session is removed.
     */
    readonly followPosts: (id: SessionId) => Stream.Stream<ReadonlyArray<Post>, StorageError | SessionNotFound>
  }
>()("@parley/domain/SessionManager") {
  /** Keeps sessions in memory, for as long as the layer exists. */
  static readonly layerMemory: Layer.Layer<SessionManager> = Layer.effect(
    SessionManager,
    Effect.gen(function* () {
      const ids = yield* SessionIds
      const logs = new Map<SessionId, MemoryLog>()
      const feed = SessionFeed.make()
      const posts = MemoryPosts.make()

      const find = (id: SessionId) =>
        Effect.suspend(() => {
          const log = logs.get(id)
          return log === undefined ? Effect.fail(new SessionNotFound({ sessionId: id })) : Effect.succeed(log)
        })

      const create = Effect.fn("SessionManager.create")(function* (
        options: Parameters<SessionManager["Service"]["create"]>[0]
      ) {
        const id = options.id ?? (yield* nextSessionId(ids))
        if (logs.has(id)) return yield* new SessionBusy({ sessionId: id, detail: "this id is already taken" })
        const now = yield* Clock.currentTimeMillis
        const info = fresh(id, now, options)
        logs.set(id, { info, entries: [], epoch: 0, held: false })
        return info
      })

      const fork: SessionManager["Service"]["fork"] = Effect.fnUntraced(function* (options) {
        const { events, origin, through } = options
        const { entries: all, info } = yield* find(origin)
        const copied = all.filter(({ seq }) => seq <= through)
        const id = options.id ?? (yield* nextSessionId(ids))
        if (logs.has(id)) return yield* new SessionBusy({ sessionId: id, detail: "this id is already taken" })
        const now = yield* Clock.currentTimeMillis
        const entries = [...copied, ...events.map((event, i): LogEntry => ({ seq: through + 1 + i, at: now, event }))]
        const forked = entries.reduce(project, fresh(id, now, info))
        logs.set(id, { info: forked, entries, epoch: 0, held: false })
        posts.fork(origin, id)
        return forked
      })

      const list: SessionManager["Service"]["list"] = (options) =>
        Effect.sync(() =>
          [...logs.values()]
            .map(({ info }) => info)
            .filter((info) => options.workspace === undefined || info.workspace === options.workspace)
            .filter((info) => options.open === undefined || info.open)
            .filter((info) => options.archived === undefined || options.archived === (info.archived ?? false))
            .filter((info) => options.tag === undefined || (info.tags ?? []).includes(options.tag))
            .sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1))
            .slice(0, options.limit)
        )

      const remove = Effect.fn("SessionManager.remove")(function* (id: SessionId) {
        const { held } = yield* find(id)
        if (held) return yield* new SessionBusy({ sessionId: id, detail: "this process is using it" })
        logs.delete(id)
        feed.end(id)
        posts.remove(id)
      })

      /** Leases do not expire: all holders are fibers of this process, whose scopes always close. */
      const acquire: SessionManager["Service"]["acquire"] = (id) =>
        Effect.acquireRelease(
          Effect.flatMap(find(id), (log) => {
            if (log.held) return Effect.fail(new SessionBusy({ sessionId: id, detail: "this process is using it" }))
            log.held = true
            log.epoch++
            return Effect.succeed(log)
          }),
          (log) =>
            Effect.sync(() => {
              log.held = false
            })
        ).pipe(Effect.map(({ epoch }): Lease => ({ epoch })))

      const append = Effect.fnUntraced(function* (
        id: SessionId,
        { after, epoch, takes = [] }: WriteAt,
        events: ReadonlyArray<SessionEvent>
      ) {
        const log = yield* find(id)
        if (log.epoch !== epoch) return yield* new SessionBusy({ sessionId: id, detail: "it was acquired again" })
        if (log.info.head !== after)
          return yield* new SessionBusy({
            sessionId: id,
            detail: `another writer has appended up to event ${log.info.head}`
          })
        const refused = posts.refusal(id, takes)
        if (refused !== undefined) return yield* refused
        posts.take(id, takes)
        const at = yield* Clock.currentTimeMillis
        const entries = events.map((event, i): LogEntry => ({ seq: after + 1 + i, at, event }))
        for (const entry of entries) {
          const { event } = entry
          if (endsTurn(event))
            log.entries = log.entries.filter(
              ({ event: old }) => old._tag !== "TurnDelta" || old.turnId !== event.turnId
            )
          log.entries.push(entry)
          log.info = project(log.info, entry)
        }
        feed.publish(id, entries)
        return entries
      })

      const read = (id: SessionId, after: number) =>
        Effect.map(find(id), ({ entries }) => entries.filter(({ seq }) => seq > after))

      return SessionManager.of({
        ...inMemory({
          nextId: nextSessionId(ids),
          sessions: logs,
          add: (info, entries) => void logs.set(info.id, { info, entries: [...entries], epoch: 0, held: false })
        }),
        create,
        fork,
        get: (id) => Effect.map(find(id), ({ info }) => info),
        list,
        remove,
        acquire,
        append,
        read,
        salvage: (id) => read(id, 0),
        follow: (id, after) => feed.follow(id, after, (cursor) => read(id, cursor)),
        post: (id, post) => Effect.andThen(find(id), posts.add(id, post)),
        posts: (id) => Effect.map(find(id), () => posts.waiting(id)),
        editPost: (id, post, payload) => Effect.andThen(find(id), posts.edit(id, post, payload)),
        withdrawPost: (id, post) => Effect.andThen(find(id), posts.withdraw(id, post)),
        followPosts: (id) => posts.follow(id, find(id))
      })
    })
  )
}
