import { SessionBusy } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { Effect, Latch, Layer, Semaphore, Stream } from "effect"
import * as SessionManagerContract from "../../src/contract/SessionManagerContract.ts"
import type { Planted } from "./Planted.ts"

type Sessions = SessionManager["Service"]

const wrapped = (change: (sessions: Sessions) => Partial<Sessions>): Layer.Layer<SessionManager> =>
  Layer.effect(
    SessionManager,
    Effect.map(SessionManager, (sessions) => SessionManager.of({ ...sessions, ...change(sessions) }))
  ).pipe(Layer.provide(SessionManager.layerMemory))

const acknowledge = (entries: ReadonlyArray<LogEntry>, events: ReadonlyArray<SessionEvent>) =>
  entries.map((entry, i): LogEntry => ({ ...entry, event: events[i] ?? entry.event }))

const losesLastDelta = wrapped(({ read }) => ({
  read: (id, after) =>
    Effect.map(read(id, after), (log) => (log.at(-1)?.event._tag === "TurnDelta" ? log.slice(0, -1) : log))
}))

const hidesLastDelta = wrapped(({ follow, get }) => ({
  follow: (id, after) =>
    Stream.filterEffect(follow(id, after), ({ event, seq }) =>
      Effect.map(get(id), ({ head }) => event._tag !== "TurnDelta" || seq < head)
    )
}))

const swapsOverlapping = wrapped(({ append }) => {
  const waiting = new Map<SessionId, { events: ReadonlyArray<SessionEvent>; readonly done: Latch.Latch }>()
  return {
    append: Effect.fnUntraced(function* (id, at, events) {
      const first = waiting.get(id)
      if (first?.events.length === events.length) {
        const theirs = first.events
        first.events = events
        yield* first.done.await
        return acknowledge(yield* append(id, at, theirs), events)
      }
      const own = { events, done: yield* Latch.make(false) }
      waiting.set(id, own)
      yield* Effect.yieldNow
      waiting.delete(id)
      const entries = yield* append(id, at, own.events)
      yield* own.done.open
      return acknowledge(entries, events)
    })
  }
})

const swaps = (which: (first: SessionEvent, second: SessionEvent) => boolean) =>
  wrapped(({ append }) => ({
    append: (id, at, events) => {
      const [first, second, ...rest] = events
      const stored =
        first === undefined || second === undefined || !which(first, second) ? events : [second, first, ...rest]
      return Effect.map(append(id, at, stored), (entries) => acknowledge(entries, events))
    }
  }))

const swapsTwoEvents = swaps(() => true)
const swapsTwoDeltas = swaps(
  (first, second) => first._tag === "TurnDelta" && second._tag === "TurnDelta" && first.turnId === second.turnId
)

const losesAfterFailure = wrapped(({ append, read }) => {
  const failed = new Set<SessionId>()
  const lost = new Map<SessionId, number>()
  return {
    append: (id, at, events) =>
      append(id, at, events).pipe(
        Effect.tapError(() => Effect.sync(() => failed.add(id))),
        Effect.tap((entries) =>
          Effect.sync(() => {
            const last = entries.at(-1)
            if (failed.delete(id) && last !== undefined) lost.set(id, last.seq)
          })
        )
      ),
    read: (id, after) => Effect.map(read(id, after), (log) => log.filter(({ seq }) => seq !== lost.get(id)))
  }
})

const reportsStaleHead = wrapped(({ append, get }) => {
  const before = new Map<SessionId, Effect.Success<ReturnType<Sessions["get"]>>>()
  return {
    append: (id, at, events) =>
      Effect.flatMap(get(id), (info) =>
        Effect.tap(append(id, at, events), () => Effect.sync(() => before.set(id, info)))
      ),
    get: (id) => Effect.map(get(id), (info) => before.get(id) ?? info)
  }
})

const acknowledgesBeforeStored = Layer.effect(
  SessionManager,
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const scope = yield* Effect.scope
    const disk = yield* Semaphore.make(1)
    const heads = new Map<SessionId, number>()
    return SessionManager.of({
      ...sessions,
      append: Effect.fnUntraced(function* (id, at, events) {
        const head = heads.get(id) ?? (yield* sessions.get(id)).head
        if (at.after !== head) return yield* new SessionBusy({ sessionId: id, detail: "another writer" })
        heads.set(id, head + events.length)
        yield* Effect.repeat(Effect.yieldNow, { times: 3 }).pipe(
          Effect.andThen(sessions.append(id, at, events)),
          Semaphore.withPermit(disk),
          Effect.forkIn(scope)
        )
        return events.map((event, i): LogEntry => ({ seq: head + 1 + i, at: 0, event }))
      }),
      read: (id, after) => Effect.map(sessions.read(id, after), (log) => log.map((entry) => ({ ...entry, at: 0 })))
    })
  })
).pipe(Layer.provide(SessionManager.layerMemory))

type Write = (sessions: Sessions) => Effect.Effect<unknown>

/** A store on a "disk" that outlives it. `late`: it acknowledges an append and writes it when it is closed. */
const onDisk = (disk: Array<Write>, when: "at once" | "late"): Layer.Layer<SessionManager> =>
  Layer.effect(
    SessionManager,
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      for (const write of disk) yield* write(sessions)
      const buffer: Array<Write> = []
      yield* Effect.addFinalizer(() => Effect.sync(() => disk.push(...buffer)))
      const timeless = (log: ReadonlyArray<LogEntry>) => log.map((entry) => ({ ...entry, at: 0 }))
      return SessionManager.of({
        ...sessions,
        create: (options) =>
          Effect.tap(sessions.create(options), ({ id }) =>
            Effect.sync(() => disk.push((again) => Effect.orDie(again.create({ ...options, id }))))
          ),
        append: (id, at, events) =>
          Effect.map(sessions.append(id, at, events), (entries) => {
            const target = when === "late" ? buffer : disk
            target.push((again) => Effect.orDie(again.append(id, at, events)))
            return timeless(entries)
          }),
        read: (id, after) => Effect.map(sessions.read(id, after), timeless)
      })
    })
  ).pipe(Layer.provide(SessionManager.layerMemory))

const reopening = (when: "at once" | "late"): SessionManagerContract.Options => ({
  layer: SessionManager.layerMemory,
  reopen: Effect.sync(() => onDisk([], when))
})

/** A correct durable store, against which the suite must find nothing. */
export const correct = reopening("at once")

const of = (bug: string, options: SessionManagerContract.Options, reports: RegExp): Planted => ({
  suite: "SessionManager",
  bug,
  reports,
  violations: SessionManagerContract.violations(options)
})

export const planted: ReadonlyArray<Planted> = [
  of("drops the last shown delta", { layer: losesLastDelta }, /^The last delta, event \d+ .* acknowledged and shown/),
  of("does not show the last delta", { layer: hidesLastDelta }, /^A subscriber did not receive the last event, \d+/),
  of("swaps overlapping appends", { layer: swapsOverlapping }, /^Overlapping appends are stored in another order/),
  of("swaps two events of one append", { layer: swapsTwoEvents }, /^The events of one append are stored in another/),
  of("swaps two deltas of one turn", { layer: swapsTwoDeltas }, /^The events of one append are stored in another/),
  of("loses an event after a failed append", { layer: losesAfterFailure }, /^An append after a failed one lost event/),
  of("reports a stale head", { layer: reportsStaleHead }, /^`get` reports a stale head: event \d+ was acknowledged/),
  of("acknowledges before stored", { layer: acknowledgesBeforeStored }, /^An append was acknowledged before its ev/),
  of("acknowledges before durable", reopening("late"), /^An append was acknowledged before it was durable: after/)
]
