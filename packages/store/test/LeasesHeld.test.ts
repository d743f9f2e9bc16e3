import { join } from "node:path"
import { DatabaseSync, StatementSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, fact } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

/** A store with one session, a connection of the test's own, and what the session's row says of its lease. */
const stored = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const built = yield* Layer.build(Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce))
  const sessions = Context.get(built, SessionManager)
  const { id } = yield* sessions.create({})
  const db = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => db.close())
  )
  const row = () => {
    const { epoch, holder = null, lease_until } = db.prepare("SELECT * FROM sessions").get() ?? {}
    return { epoch, lease_until, holder }
  }
  return { db, id, row, sessions, take: sessions.acquire(id).pipe(Effect.scoped) }
})

/** Done just before the first time that a statement with these words is prepared. */
const before = (words: string, act: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      let armed = true
      // oxlint-disable-next-line typescript/unbound-method -- called below, with the connection it is called on
      const prepare = DatabaseSync.prototype.prepare
      return vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (this: DatabaseSync, text) {
        if (armed && text.includes(words)) {
          armed = false
          act()
        }
        return prepare.call(this, text)
      })
    }),
    (spy) => Effect.sync(() => spy.mockRestore())
  )

const elsewhere = '{"pid":4242,"host":"old","machine":"old x y","started":"1","since":1}'
const settle = Effect.replicateEffect(Effect.yieldNow, 50, { discard: true })
const waited = (time: number) => Effect.andThen(TestClock.adjust(time), settle)

describe("a lease that is held", () => {
  it.effect("is renewed every three seconds for ten seconds, and released at the end of the scope", () =>
    Effect.gen(function* () {
      const { id, row, sessions, take } = yield* stored
      const scope = yield* Scope.make()
      assert.deepStrictEqual(yield* Scope.provide(sessions.acquire(id), scope), { epoch: 1 })
      assert.deepInclude(row(), { epoch: 1, lease_until: 10_000 })
      const { holder } = row()
      for (const [time, until] of [
        [2999, 10_000],
        [1, 13_000],
        [2999, 13_000],
        [1, 16_000],
        [30_000, 46_000]
      ] as const) {
        yield* waited(time)
        assert.deepStrictEqual(row(), { epoch: 1, lease_until: until, holder })
      }
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(row(), { epoch: 1, lease_until: 0, holder: null })
      yield* waited(10_000)
      assert.deepStrictEqual(row(), { epoch: 1, lease_until: 0, holder: null })
      assert.deepStrictEqual(yield* take, { epoch: 2 })
    })
  )

  it.effect("is renewed again after a renewal that failed", () =>
    Effect.gen(function* () {
      const { id, row, sessions } = yield* stored
      const { epoch } = yield* sessions.acquire(id)
      const full = Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR", errcode: 13 })
      let armed = true
      yield* before("SET lease_until = ? WHERE", () => {
        const spy = vi.spyOn(StatementSync.prototype, "all").mockImplementationOnce(() => {
          armed = false
          spy.mockRestore()
          throw full
        })
      })
      yield* waited(3000)
      assert.isFalse(armed)
      assert.deepInclude(row(), { lease_until: 10_000 })
      yield* waited(3000)
      assert.deepInclude(row(), { lease_until: 16_000 })
      yield* sessions.append(id, at(0, epoch), [fact])
    })
  )

  it.effect("is no longer renewed once it was taken over, even if it is free again", () =>
    Effect.gen(function* () {
      const { db, id, row, sessions } = yield* stored
      yield* sessions.acquire(id)
      const { holder } = row()
      db.prepare("UPDATE sessions SET epoch = 2, lease_until = 5, holder = ?").run(elsewhere)
      yield* waited(3000)
      assert.deepStrictEqual(row(), { epoch: 2, lease_until: 5, holder: elsewhere })
      db.prepare("UPDATE sessions SET epoch = 1, holder = ?").run(holder)
      yield* waited(9000)
      assert.deepInclude(row(), { lease_until: 5 })
    })
  )

  it.effect("is not taken from a process that acquired it after it was found free", () =>
    Effect.gen(function* () {
      const { db, row, take } = yield* stored
      const taken = () => db.prepare("UPDATE sessions SET epoch = 1, lease_until = 9000, holder = ?").run(elsewhere)
      yield* before("SET epoch = epoch + 1, lease_until = ?", taken)
      assert.deepInclude(yield* Effect.flip(take), { _tag: "SessionBusy" })
      assert.deepStrictEqual(row(), { epoch: 1, lease_until: 9000, holder: elsewhere })
    })
  )

  it.effect("is released if the caller was interrupted while acquiring it", () =>
    Effect.gen(function* () {
      const { row, take } = yield* stored
      const wanted = yield* Effect.forkChild(take)
      yield* before("SET epoch = epoch + 1, lease_until = ?", () => wanted.interruptUnsafe())
      yield* Fiber.await(wanted)
      yield* settle
      assert.deepStrictEqual(row(), { epoch: 1, lease_until: 0, holder: null })
    })
  )

  it.effect("does not exist for a session that does not exist", () =>
    Effect.gen(function* () {
      const { id, sessions, take } = yield* stored
      yield* sessions.remove(id)
      assert.strictEqual((yield* Effect.flip(take))._tag, "SessionNotFound")
    })
  )
})
