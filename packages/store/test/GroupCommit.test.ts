import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { turnId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, completed, delta, fact, round, started } from "./support/events.ts"
import { record } from "./support/statements.ts"
import * as Temporary from "./support/temporary.ts"

const store = Layer.unwrap(
  Effect.map(Temporary.directory, (path) => SqliteSessions.layer({ filename: join(path, "sessions.db") }))
)

const settle = Effect.replicateEffect(Effect.yieldNow, 50, { discard: true })
const fork = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.tap(Effect.forkChild(effect, { startImmediately: true }), () => settle)
const done = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() !== undefined
const commits = (log: ReadonlyArray<string>) => log.filter((text) => text === "COMMIT").length

describe("group commit", () => {
  it.effect("writes the first delta of a turn immediately and later ones after an interval", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      const first = yield* fork(sessions.append(id, at(0), [delta("a")]))
      assert.isTrue(done(first))
      const second = yield* fork(sessions.append(id, at(1), [delta("b")]))
      yield* TestClock.adjust(24)
      yield* settle
      assert.isFalse(done(second))
      assert.strictEqual((yield* sessions.read(id, 0)).length, 1)
      yield* TestClock.adjust(1)
      yield* settle
      assert.isTrue(done(second))
      assert.strictEqual((yield* sessions.read(id, 0)).length, 2)
      // A pause as long as the interval, and the next delta does not wait either.
      yield* TestClock.adjust(25)
      assert.isTrue(done(yield* fork(sessions.append(id, at(2), [delta("c")]))))
      // Another turn has a first delta of its own.
      assert.isTrue(done(yield* fork(sessions.append(id, at(3), [delta("d", turnId(round, 2))]))))
    }).pipe(Effect.provide(store))
  )

  it.effect("delays only appends that consist of deltas of one turn", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      const other = turnId(round, 2)
      yield* sessions.append(id, at(0), [delta("a"), delta("b")])
      assert.isFalse(done(yield* fork(sessions.append(id, at(2), [delta("c"), delta("d")]))))
      yield* TestClock.adjust(25)
      let head = 4
      for (const events of [
        [delta("e"), started],
        [started, delta("f")],
        [delta("g"), delta("h", other)],
        [delta("i", other), delta("j")],
        [completed]
      ]) {
        yield* sessions.append(id, at(head++), [delta("x")]).pipe(fork)
        assert.isTrue(done(yield* fork(sessions.append(id, at(head), events))))
        head += events.length
        assert.strictEqual((yield* sessions.get(id)).head, head)
      }
    }).pipe(Effect.provide(store))
  )

  it.effect("does not delay deltas for those of another session that are due later", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const [a, b] = yield* Effect.all([sessions.create({}), sessions.create({})])
      yield* sessions.append(a.id, at(0), [delta("a")])
      yield* TestClock.adjust(20)
      yield* sessions.append(b.id, at(0), [delta("a")])
      const later = yield* fork(sessions.append(b.id, at(1), [delta("b")]))
      yield* TestClock.adjust(4)
      const sooner = yield* fork(sessions.append(a.id, at(1), [delta("b")]))
      yield* settle
      assert.isFalse(done(sooner))
      yield* TestClock.adjust(1)
      yield* settle
      assert.deepStrictEqual([done(sooner), done(later)], [true, true])
      // What was committed then has its interval from then on.
      const next = yield* fork(sessions.append(b.id, at(2), [delta("c")]))
      yield* TestClock.adjust(24)
      yield* settle
      assert.isFalse(done(next))
      yield* TestClock.adjust(1)
      yield* settle
      assert.isTrue(done(next))
    }).pipe(Effect.provide(store))
  )

  it.effect("commits waiting deltas together with an append that cannot wait", () =>
    Effect.gen(function* () {
      const log = yield* record
      const sessions = yield* SessionManager
      const [a, b] = yield* Effect.all([sessions.create({}), sessions.create({})])
      yield* sessions.append(a.id, at(0), [delta("a")])
      const waiting = yield* fork(sessions.append(a.id, at(1), [delta("b")]))
      assert.isFalse(done(waiting))
      const before = commits(log())
      yield* sessions.append(b.id, at(0), [started])
      assert.isTrue(done(waiting))
      assert.strictEqual(commits(log()), before + 1)
    }).pipe(Effect.provide(store))
  )

  it.effect("commits appends that arrive together in one transaction, and waiting ones in another", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const all = yield* Effect.replicateEffect(sessions.create({}), 20)
      const log = yield* record
      const append = (after: number) =>
        Effect.forEach(all, ({ id }) => sessions.append(id, at(after), [delta("x")]), { concurrency: "unbounded" })
      yield* append(0)
      assert.strictEqual(commits(log()), 1)
      const rest = yield* Effect.forEach([1, 2, 3, 4, 5], (after) => fork(append(after)))
      assert.strictEqual(commits(log()), 1)
      yield* TestClock.adjust(25)
      yield* Effect.forEach(rest, Fiber.join)
      assert.strictEqual(commits(log()), 2)
      for (const { id } of all) assert.strictEqual((yield* sessions.read(id, 0)).length, 6)
    }).pipe(Effect.provide(store))
  )

  it.effect("uses a full barrier for the events that need one, and for no others", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      const log = yield* record
      yield* sessions.append(id, at(0), [started])
      yield* sessions.append(id, at(1), [delta("a")])
      yield* sessions.append(id, at(2), [delta("b"), fact])
      yield* sessions.append(id, at(4), [completed])
      yield* sessions.append(id, at(5), [started])
      const other = yield* sessions.create({})
      // One that needs it is enough, wherever it is in the group.
      for (const after of [0, 2])
        yield* Effect.all(
          [sessions.append(other.id, at(after), [fact]), sessions.append(other.id, at(after + 1), [delta("c")])],
          { concurrency: "unbounded" }
        )
      const transaction = ["BEGIN IMMEDIATE", "COMMIT"]
      assert.deepStrictEqual(log(), [
        ...transaction,
        ...transaction,
        "PRAGMA synchronous = FULL",
        ...transaction,
        ...transaction,
        "PRAGMA synchronous = NORMAL",
        ...transaction,
        "PRAGMA synchronous = FULL",
        ...transaction,
        ...transaction
      ])
    }).pipe(Effect.provide(Temporary.layer))
  )

  it.effect("stores nothing of an append that is interrupted while it waits", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [delta("a")])
      const waiting = yield* fork(sessions.append(id, at(1), [delta("b")]))
      yield* Fiber.interrupt(waiting)
      yield* sessions.append(id, at(1), [started])
      assert.deepStrictEqual(
        (yield* sessions.read(id, 0)).map(({ event }) => event),
        [delta("a"), started]
      )
    }).pipe(Effect.provide(store))
  )

  it.effect("commits waiting appends when its scope ends, and refuses later ones", () =>
    Effect.gen(function* () {
      const path = yield* Temporary.directory
      const layer = SqliteSessions.layer({ filename: join(path, "sessions.db") })
      const scope = yield* Scope.make()
      const sessions = yield* Effect.map(Layer.buildWithScope(Layer.fresh(layer), scope), (context) =>
        SessionManager.pipe(Effect.provide(context))
      ).pipe(Effect.flatten)
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [delta("a")])
      const waiting = yield* fork(sessions.append(id, at(1), [delta("b")]))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(waiting)).length, 1)
      const error = yield* Effect.flip(sessions.append(id, at(2), [fact]))
      assert.strictEqual(error._tag, "StorageError")
      const again = yield* SessionManager.use((reopened) => reopened.read(id, 0)).pipe(Effect.provide(layer))
      assert.strictEqual(again.length, 2)
    })
  )
})
