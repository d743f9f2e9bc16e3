import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { BusyLimit } from "../src/file/StoreSettings.ts"
import { at, delta, fact } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"
import { promptly } from "@parley/harness/promptly"

/** A store, and another connection to its file. Locks do not care whether that is in another process. */
const withOther = Effect.fnUntraced(function* (limit: Duration.Input) {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const layer = SqliteSessions.layer({ filename }).pipe(
    Layer.provide([Temporary.atOnce, Layer.succeed(BusyLimit, Duration.fromInputUnsafe(limit))])
  )
  const context = yield* Layer.build(layer)
  const sessions = yield* SessionManager.pipe(Effect.provide(context))
  const other = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => db.close())
  )
  return { sessions, other }
})

/** How often the event loop has turned. */
const turns = Effect.gen(function* () {
  let count = 0
  const turn = Effect.andThen(
    Effect.sleep("2 millis"),
    Effect.sync(() => count++)
  )
  yield* turn.pipe(Effect.forever, Effect.forkScoped)
  return () => count
})

describe("a lock held by another process", () => {
  it.live("is waited for without blocking the event loop", () =>
    Effect.gen(function* () {
      const { other, sessions } = yield* withOther("5 seconds")
      const { id } = yield* sessions.create({})
      other.exec("BEGIN IMMEDIATE")
      const count = yield* turns
      const calls = [sessions.append(id, at(0), [fact]), sessions.append(id, at(1), [delta("a")]), sessions.create({})]
      const fiber = yield* Effect.forkChild(Effect.all(calls, { concurrency: "unbounded" }))
      yield* Effect.sleep("1 second")
      assert.isUndefined(fiber.pollUnsafe())
      // Reading needs no lock.
      assert.deepStrictEqual(yield* sessions.read(id, 0), [])
      assert.isAbove(count(), 5)
      other.exec("COMMIT")
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* sessions.get(id)).head, 2)
      assert.strictEqual((yield* sessions.list({})).length, 2)
    })
  )

  it.live("causes a Busy error after the limit, and changes nothing", () =>
    Effect.gen(function* () {
      const { other, sessions } = yield* withOther("150 millis")
      const { id } = yield* sessions.create({})
      other.exec("BEGIN IMMEDIATE")
      const calls = [sessions.append(id, at(0), [fact]), sessions.create({}), sessions.remove(id)]
      const [elapsed, errors] = yield* Effect.timed(
        Effect.forEach(calls, (call) => Effect.flip(call), { concurrency: 3 })
      )
      for (const error of errors) {
        assert.strictEqual(error._tag, "StorageError")
        if (error._tag === "StorageError") assert.strictEqual(error.reason, "Busy")
      }
      promptly(Duration.toMillis(elapsed), 3000)
      other.exec("COMMIT")
      yield* sessions.append(id, at(0), [fact])
      assert.strictEqual((yield* sessions.list({})).length, 1)
    })
  )

  it.live("is waited for beyond the limit while other processes keep committing", () =>
    Effect.gen(function* () {
      const { other, sessions } = yield* withOther("200 millis")
      const { id } = yield* sessions.create({})
      other.exec("BEGIN IMMEDIATE")
      const append = yield* Effect.forkChild(sessions.append(id, at(0), [fact]))
      for (let i = 0; i < 10; i++) {
        yield* Effect.sleep("100 millis")
        // Committed and locked again before anybody else can look.
        other.exec(`UPDATE sessions SET title = 'title ${i}'; COMMIT; BEGIN IMMEDIATE`)
        assert.isUndefined(append.pollUnsafe())
      }
      other.exec("COMMIT")
      yield* Fiber.join(append)
      assert.strictEqual((yield* sessions.get(id)).head, 1)
    })
  )
})
