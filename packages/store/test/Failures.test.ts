import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { StorageError } from "@parley/domain/Errors"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { storageError } from "../src/file/storageError.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, delta, fact, started, turn } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const isStorageError = Schema.is(StorageError)

const open = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const context = yield* Layer.build(SqliteSessions.layer({ filename }).pipe(Layer.provide(Temporary.atOnce)))
  const other = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => db.close())
  )
  return { other, sessions: yield* SessionManager.pipe(Effect.provide(context)) }
})

/** Makes every transaction that stores an event fail: while it inserts, or only when it commits. */
const sabotage = {
  INSERT: `CREATE TRIGGER sabotage BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'sabotage'); END`,
  COMMIT: `CREATE TABLE owed (session INTEGER REFERENCES sessions (key) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER sabotage AFTER INSERT ON events BEGIN INSERT INTO owed VALUES (-1); END`
}

describe("failures", () => {
  for (const statement of ["INSERT", "COMMIT"] as const)
    it.effect(
      `every append of a group whose ${statement} fails is failed and not published, and the store continues`,
      () =>
        Effect.gen(function* () {
          const { other, sessions } = yield* open
          const [a, b] = yield* Effect.all([sessions.create({}), sessions.create({})])
          const seen = yield* sessions
            .follow(a.id, 0)
            .pipe(Stream.take(1), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
          other.exec(sabotage[statement])
          const calls = [a, b].map(({ id }) => Effect.flip(sessions.append(id, at(0), [started])))
          for (const error of yield* Effect.all(calls, { concurrency: "unbounded" })) {
            assert.isTrue(isStorageError(error))
            assert.match(error.message, statement === "INSERT" ? /sabotage/ : /FOREIGN KEY/)
          }
          assert.isUndefined(seen.pollUnsafe())
          other.exec("DROP TRIGGER sabotage")
          assert.strictEqual((yield* sessions.get(a.id)).head, 0)
          yield* sessions.append(a.id, at(0), [asked])
          yield* sessions.append(b.id, at(0), [asked])
          assert.deepStrictEqual(yield* Fiber.join(seen), yield* sessions.read(a.id, 0))
        })
    )

  it.effect("an append with a wrong head or session does not affect others of its group", () =>
    Effect.gen(function* () {
      const { sessions } = yield* open
      const [a, b] = yield* Effect.all([sessions.create({}), sessions.create({})])
      yield* sessions.remove(b.id)
      const calls = [
        sessions.append(a.id, at(0), [fact]),
        sessions.append(a.id, at(7), [fact]),
        sessions.append(b.id, at(0), [fact]),
        sessions.append(a.id, at(1), [fact])
      ]
      const outcomes = yield* Effect.forEach(
        calls,
        Effect.match({ onFailure: (error): string => error._tag, onSuccess: () => "stored" }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(outcomes, ["stored", "SessionBusy", "SessionNotFound", "stored"])
      assert.strictEqual((yield* sessions.get(a.id)).head, 2)
    })
  )

  it.effect("name the session and the event that cannot be read, and the others are read", () =>
    Effect.gen(function* () {
      const { other, sessions } = yield* open
      const [a, b] = yield* Effect.all([sessions.create({}), sessions.create({})])
      for (const { id } of [a, b]) yield* sessions.append(id, at(0), [fact, started])
      for (const body of [`{"_tag":`, `{"_tag":"Newspeak"}`, `{"_tag":"ToolStarted","callId":""}`]) {
        other.prepare("UPDATE events SET body = ? WHERE seq = 2 AND session = 1").run(body)
        const error = yield* Effect.flip(sessions.read(a.id, 0))
        if (!isStorageError(error)) return assert.fail(error.message)
        assert.strictEqual(error.reason, "Corrupt")
        assert.include(error.detail, a.id)
        assert.include(error.detail, "event 2")
      }
      assert.strictEqual((yield* sessions.read(b.id, 0)).length, 2)
      assert.strictEqual((yield* sessions.list({})).length, 2)
    })
  )

  it.effect("an event that could not be read again is refused", () =>
    Effect.gen(function* () {
      const { sessions } = yield* open
      const { id } = yield* sessions.create({})
      const usage = { inputTokens: Number.NaN, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }
      const error = yield* Effect.flip(
        sessions.append(id, at(0), [{ _tag: "TurnInterrupted", turnId: turn, content: [], usage }])
      )
      assert.isTrue(isStorageError(error))
      assert.deepStrictEqual(yield* sessions.read(id, 0), [])
    })
  )

  it.effect("a session stays readable whatever usage a provider reports", () =>
    Effect.gen(function* () {
      const { sessions } = yield* open
      const { id } = yield* sessions.create({})
      const most = Number.MAX_SAFE_INTEGER
      const usage = { inputTokens: most, outputTokens: most, cacheReadTokens: most, cacheWriteTokens: most }
      const cost = Number.MAX_VALUE
      for (const after of [0, 1, 2])
        yield* sessions.append(id, at(after), [{ _tag: "TurnInterrupted", turnId: turn, content: [], usage, cost }])
      const info = yield* sessions.get(id)
      assert.deepStrictEqual([info.head, info.usage, info.cost], [3, usage, cost])
    })
  )

  it("SQLite's error codes are mapped to the domain's reasons", () => {
    const db = new DatabaseSync(":memory:")
    const reason = (body: () => void) => {
      try {
        body()
      } catch (error) {
        return storageError("test", "path", error).reason
      }
      return "none"
    }
    db.exec("CREATE TABLE t (x); PRAGMA max_page_count = 3")
    assert.strictEqual(
      reason(() => db.exec("INSERT INTO t VALUES (zeroblob(100000))")),
      "Full"
    )
    assert.strictEqual(
      reason(() => db.exec("SELECT nonsense")),
      "Unavailable"
    )
    const withCode = (errcode: number) => storageError("test", "path", Object.assign(new Error(), { errcode })).reason
    const codes = { BUSY: 5, BUSY_SNAPSHOT: 517, FULL: 13, CORRUPT: 11, CORRUPT_INDEX: 779, NOTADB: 26 }
    assert.deepStrictEqual(Object.values(codes).map(withCode), [
      "Busy",
      "Busy",
      "Full",
      "Corrupt",
      "Corrupt",
      "Corrupt"
    ])
    assert.strictEqual(withCode(8), "ReadOnly")
    const others = { IOERR: 10, IOERR_WRITE: 778, CANTOPEN: 14 }
    assert.isTrue(Object.values(others).every((code) => withCode(code) === "Unavailable"))
    db.close()
  })

  it.effect("the subscription to a session that another process removed ends at the next read", () =>
    Effect.gen(function* () {
      const { other, sessions } = yield* open
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [started])
      const latch = yield* Latch.make(false)
      const fiber = yield* sessions.follow(id, 0).pipe(
        Stream.tap(() => latch.await),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      const batch = Array.from({ length: 500 }, () => started)
      for (const after of [1, 501, 1001]) yield* sessions.append(id, at(after), batch)
      other.exec("DELETE FROM sessions")
      yield* latch.open
      assert.strictEqual((yield* Fiber.join(fiber)).length, 1)
    })
  )

  it.effect("events are published in the order in which they are stored", () =>
    Effect.gen(function* () {
      const { sessions } = yield* open
      const all = yield* Effect.replicateEffect(sessions.create({}), 5)
      const followers = yield* Effect.forEach(all, ({ id }) =>
        sessions.follow(id, 0).pipe(Stream.take(100), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      )
      const calls = all.flatMap(({ id }) =>
        Array.from({ length: 50 }, (_, i) =>
          sessions.append(id, at(2 * i), [i % 3 === 0 ? fact : delta("x"), delta("y")])
        )
      )
      yield* Effect.all(calls, { concurrency: "unbounded", discard: true })
      const seen = yield* Effect.forEach(followers, Fiber.join)
      assert.deepStrictEqual(seen, yield* Effect.forEach(all, ({ id }) => sessions.read(id, 0)))
    })
  )
})
