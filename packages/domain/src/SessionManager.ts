import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { SessionBusy, SessionNotFound, type StorageError } from "./Errors.ts"
import { type SessionId, SessionIds } from "./Ids.ts"
import type { Lease, WriteAt } from "./Lease.ts"
import { endsTurn, type LogEntry, type SessionEvent } from "./SessionEvent.ts"
import * as SessionFeed from "./SessionFeed.ts"
import { fresh, project, type SessionInfo } from "./SessionInfo.ts"

/** A session of `layerMemory`. */
interface MemoryLog {
  info: SessionInfo
  entries: Array<LogEntry>
  epoch: number
  held: boolean
}

export class SessionManager extends Context.Service<
  SessionManager,
  {
    readonly create: (options: {
      readonly workspace?: string | undefined
      readonly title?: string | undefined
      /** Chosen by the caller; must be new. */
      readonly id?: SessionId | undefined
    }) => Effect.Effect<SessionInfo, StorageError | SessionBusy>
    readonly get: (id: SessionId) => Effect.Effect<SessionInfo, StorageError | SessionNotFound>
    /** Latest activity first. */
    readonly list: (options: {
      readonly workspace?: string | undefined
      /** Only sessions with a round that is not closed. */
      readonly open?: true | undefined
      readonly limit?: number | undefined
    }) => Effect.Effect<ReadonlyArray<SessionInfo>, StorageError>
    readonly remove: (id: SessionId) => Effect.Effect<void, StorageError | SessionNotFound>
    /**
     * The session's lease until the scope closes; it is renewed as long as it is held. Fails with `SessionBusy` at once
     * while somebody else, in this process or another, has it. A holder that died or stopped renewing is succeeded.
     */
    readonly acquire: (id: SessionId) => Effect.Effect<Lease, StorageError | SessionNotFound | SessionBusy, Scope.Scope>
    /**
     * Appends all events or none, with the sequence numbers `after + 1 …`. It is `SessionBusy`, and changes nothing, if
     * the session was acquired again since the lease of `epoch`, or if `after` is not the session's head: somebody else
     * writes. An event that ends a turn removes that turn's deltas. What `SessionEvent.needsBarrier` names is on the disk
     * when this returns; subscribers see events only afterwards.
     */
    readonly append: (
      id: SessionId,
      at: WriteAt,
      events: ReadonlyArray<SessionEvent>
    ) => Effect.Effect<ReadonlyArray<LogEntry>, StorageError | SessionNotFound | SessionBusy>
    /** All stored events with a sequence number above `after`, in order. */
    readonly read: (
      id: SessionId,
      after: number
    ) => Effect.Effect<ReadonlyArray<LogEntry>, StorageError | SessionNotFound>
    /** For repairs: what `read` gives, or, where that finds damage, the entries before it. */
    readonly salvage: (id: SessionId) => Effect.Effect<ReadonlyArray<LogEntry>, StorageError | SessionNotFound>
    /**
     * `read`, and then whatever is appended, by this process at once and by others a little later, without gap or
     * duplicate, until the session is removed. Any number of subscribers, each at its own pace: a slow one costs the writer
     * nothing and bounded memory.
     */
    readonly follow: (id: SessionId, after: number) => Stream.Stream<LogEntry, StorageError | SessionNotFound>
  }
>()("@parley/domain/SessionManager") {
  /** Sessions that live as long as the layer. */
  static readonly layerMemory: Layer.Layer<SessionManager> = Layer.effect(
    SessionManager,
    Effect.gen(function* () {
      const nextId = yield* SessionIds
      const logs = new Map<SessionId, MemoryLog>()
      const feed = SessionFeed.make()

      const find = (id: SessionId) =>
        Effect.suspend(() => {
          const log = logs.get(id)
          return log === undefined ? Effect.fail(new SessionNotFound({ sessionId: id })) : Effect.succeed(log)
        })

      const create = Effect.fn("SessionManager.create")(function* (
        options: Parameters<SessionManager["Service"]["create"]>[0]
      ) {
        const id = options.id ?? (yield* nextId)
        if (logs.has(id)) return yield* new SessionBusy({ sessionId: id, detail: "this id is already taken" })
        const now = yield* Clock.currentTimeMillis
        const info = fresh(id, now, options)
        logs.set(id, { info, entries: [], epoch: 0, held: false })
        return info
      })

      const list: SessionManager["Service"]["list"] = (options) =>
        Effect.sync(() =>
          [...logs.values()]
            .map(({ info }) => info)
            .filter((info) => options.workspace === undefined || info.workspace === options.workspace)
            .filter((info) => options.open === undefined || info.open)
            .sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1))
            .slice(0, options.limit)
        )

      const remove = Effect.fn("SessionManager.remove")(function* (id: SessionId) {
        yield* find(id)
        logs.delete(id)
        feed.end(id)
      })

      /** Its holders are fibers of this process, whose scopes close whatever happens: nothing runs out. */
      const acquire: SessionManager["Service"]["acquire"] = (id) =>
        Effect.acquireRelease(
          Effect.flatMap(find(id), (log) => {
            if (log.held) return Effect.fail(new SessionBusy({ sessionId: id, detail: "this process works on it" }))
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
        { after, epoch }: WriteAt,
        events: ReadonlyArray<SessionEvent>
      ) {
        const log = yield* find(id)
        if (log.epoch !== epoch) return yield* new SessionBusy({ sessionId: id, detail: "it was acquired again" })
        if (log.info.head !== after)
          return yield* new SessionBusy({ sessionId: id, detail: `its log moved on to event ${log.info.head}` })
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
        create,
        get: (id) => Effect.map(find(id), ({ info }) => info),
        list,
        remove,
        acquire,
        append,
        read,
        salvage: (id) => read(id, 0),
        follow: (id, after) => feed.follow(id, after, (cursor) => read(id, cursor))
      })
    })
  )
}
