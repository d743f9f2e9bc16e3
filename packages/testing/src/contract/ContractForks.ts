import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import { roundId, SessionId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { PostChanged } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import { zero } from "@parley/domain/Usage"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { asked, at, cancelled, completed, delta, fact, t1 } from "./ContractEvents.ts"

const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: (error): string => error._tag, onSuccess: () => "done" })

type Service = SessionManager["Service"]

const forkedFrom = (origin: SessionId): SessionEvent => ({ _tag: "Forked", origin, roundId: roundId(1) })

/** The contract's tests of forks. */
export const forks = <E>(name: string, layer: Layer.Layer<SessionManager, E>): void => {
  type Failure = StorageError | SessionNotFound | SessionBusy | PostChanged
  const check = (title: string, body: (sessions: Service) => Effect.fn.Return<void, Failure, Scope.Scope>) =>
    // A test is an entry point, so its layer is provided here.
    // @effect-diagnostics-next-line strictEffectProvide:off
    it.effect(title, () => SessionManager.use(Effect.fnUntraced(body)).pipe(Effect.provide(layer, { local: true })))

  /** A session with a closed round, whose event 3 was a delta, and an open one. */
  const origin = Effect.fnUntraced(function* (sessions: Service) {
    yield* TestClock.setTime(10)
    const { id } = yield* sessions.create({ workspace: "/w", title: "Title" })
    yield* sessions.append(id, at(0), [asked("?"), fact, delta(t1)])
    yield* TestClock.setTime(20)
    yield* sessions.append(id, at(3), [completed(t1), cancelled])
    yield* sessions.append(id, at(5), [{ _tag: "RoundStarted", roundId: roundId(2), request: [] }])
    yield* TestClock.setTime(30)
    return id
  })

  describe(name, () => {
    check("has the events of its origin with their numbers and times, and then its own", function* (sessions) {
      const from = yield* origin(sessions)
      const before = [yield* sessions.get(from), yield* sessions.read(from, 0)]
      const id = SessionId.make("fork")
      const info = yield* sessions.fork({ origin: from, through: 5, events: [forkedFrom(from)], id })
      const log = yield* sessions.read(id, 0)
      assert.deepStrictEqual(log, [
        { seq: 1, at: 10, event: asked("?") },
        { seq: 2, at: 10, event: fact },
        { seq: 4, at: 20, event: completed(t1) },
        { seq: 5, at: 20, event: cancelled },
        { seq: 6, at: 30, event: forkedFrom(from) }
      ])
      const counts = { head: 6, rounds: 1, open: false, usage: zero, cost: 0 }
      const times = { createdAt: 30, updatedAt: 30 }
      const copied = { sessionId: from, roundId: roundId(1) }
      const titled = { title: "Title", titledBy: "user" } as const
      assert.deepStrictEqual(info, { id, workspace: "/w", ...titled, ...times, ...counts, origin: copied })
      assert.deepStrictEqual(yield* sessions.get(id), info)
      assert.deepStrictEqual([yield* sessions.get(from), yield* sessions.read(from, 0)], before)
    })

    check("has no posts, and none with an id that its origin has given", function* (sessions) {
      const { id } = yield* sessions.create({})
      const message = { kind: "message" as const, payload: "a", key: "k" }
      const taken = yield* Effect.orDie(sessions.post(id, message))
      yield* sessions.append(id, { ...at(0), takes: [taken] }, [fact])
      yield* Effect.orDie(sessions.post(id, { kind: "message", payload: "b" }))
      const fork = yield* sessions.fork({ origin: id, through: 1, events: [] })
      assert.deepStrictEqual(yield* sessions.posts(fork.id), [])
      assert.strictEqual((yield* Effect.orDie(sessions.post(fork.id, message))).id, "p3")
      assert.strictEqual((yield* sessions.posts(id)).length, 1)
    })

    check("goes on without its origin, which may be in use or removed", function* (sessions) {
      const from = yield* origin(sessions)
      const { id } = yield* Effect.scoped(
        Effect.andThen(sessions.acquire(from), sessions.fork({ origin: from, through: 5, events: [forkedFrom(from)] }))
      )
      yield* sessions.remove(from)
      const { epoch } = yield* sessions.acquire(id)
      yield* sessions.append(id, at(6, epoch), [asked("again"), completed(t1)])
      const log = yield* sessions.read(id, 0)
      assert.deepStrictEqual(
        log.map(({ seq }) => seq),
        [1, 2, 4, 5, 6, 7, 8]
      )
      const info = yield* sessions.get(id)
      assert.deepInclude(info, { rounds: 2, open: true, cost: 0.25 })
      assert.deepStrictEqual(info.origin, { sessionId: from, roundId: roundId(1) })
      assert.deepStrictEqual(yield* sessions.list({}), [info])
    })

    check("may copy nothing, and needs a new id and an origin", function* (sessions) {
      const from = yield* origin(sessions)
      const start: SessionEvent = { _tag: "Forked", origin: from }
      const { id } = yield* sessions.fork({ origin: from, through: 0, events: [start] })
      assert.deepStrictEqual(yield* sessions.read(id, 0), [{ seq: 1, at: 30, event: start }])
      assert.deepStrictEqual((yield* sessions.get(id)).origin, { sessionId: from })
      const fork = { origin: from, through: 5, events: [start] }
      assert.strictEqual(yield* tagOf(sessions.fork({ ...fork, id: from })), "SessionBusy")
      assert.strictEqual(yield* tagOf(sessions.fork({ ...fork, origin: SessionId.make("unknown") })), "SessionNotFound")
      assert.lengthOf(yield* sessions.list({}), 2)
    })
  })
}
