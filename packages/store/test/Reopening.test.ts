import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, fact, started } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"

/** A store with one session, what its connections prepare, and a statement that fails next with a code of SQLite's. */
const watched = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const built = yield* Layer.build(Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce))
  const sessions = Context.get(built, SessionManager)
  const { id } = yield* sessions.create({})
  const texts: Array<string> = []
  let next: { readonly text: string; readonly errcode: number } | undefined
  // oxlint-disable-next-line typescript/unbound-method -- called below, with the connection it is called on
  const prepare = DatabaseSync.prototype.prepare
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (this: DatabaseSync, text) {
        texts.push(text)
        const statement = prepare.call(this, text)
        const failing = next
        if (failing?.text !== text) return statement
        next = undefined
        const run = () => {
          throw Object.assign(new Error("as armed"), { code: "ERR_SQLITE_ERROR", errcode: failing.errcode })
        }
        return Object.assign(statement, { run, all: run })
      })
    ),
    (spy) => Effect.sync(() => spy.mockRestore())
  )
  const fail = (text: string, errcode: number) => {
    next = { text, errcode }
  }
  const since = (start: number) => texts.slice(start).filter((text) => /^(BEGIN|COMMIT|PRAGMA (sync|wal))/.test(text))
  return { fail, filename, id, sessions, since, count: () => texts.length }
})

describe("a connection that failed", () => {
  it.effect("is replaced only after errors of input and output or of opening", () =>
    Effect.gen(function* () {
      const { count, fail, id, sessions, since } = yield* watched
      let head = 0
      for (const [errcode, reopened] of [
        [10, true],
        [1034, true],
        [14, true],
        [526, true],
        [13, false],
        [11, false],
        [1, false],
        [2570, true]
      ] as const) {
        fail("COMMIT", errcode)
        yield* Effect.flip(sessions.append(id, at(head), [started]))
        const start = count()
        assert.strictEqual((yield* sessions.get(id)).head, head)
        assert.strictEqual(since(start).includes(checkpoint), reopened, `after ${errcode}`)
        yield* sessions.append(id, at(head++), [started])
      }
    })
  )

  it.effect("is replaced by one with the barriers that it had", () =>
    Effect.gen(function* () {
      const { count, fail, id, sessions, since } = yield* watched
      yield* sessions.append(id, at(0), [fact])
      fail("COMMIT", 1034)
      yield* Effect.flip(sessions.append(id, at(1), [fact]))
      const start = count()
      yield* sessions.append(id, at(1), [fact])
      yield* sessions.append(id, at(2), [started])
      yield* sessions.append(id, at(3), [started])
      assert.deepStrictEqual(since(start), [
        "PRAGMA synchronous = NORMAL",
        "PRAGMA synchronous = FULL",
        checkpoint,
        "PRAGMA synchronous = NORMAL",
        "PRAGMA synchronous = FULL",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "PRAGMA synchronous = NORMAL",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "BEGIN IMMEDIATE",
        "COMMIT"
      ])
    })
  )

  it.effect("is replaced only once all of the log is in the database", () =>
    Effect.gen(function* () {
      const { count, fail, id, sessions, since } = yield* watched
      fail("COMMIT", 1034)
      yield* Effect.flip(sessions.append(id, at(0), [asked]))
      fail(checkpoint, 778)
      assert.include((yield* Effect.flip(sessions.get(id))).message, "as armed")
      const start = count()
      assert.strictEqual((yield* sessions.get(id)).head, 0)
      yield* sessions.get(id)
      assert.lengthOf(
        since(start).filter((text) => text === checkpoint),
        1
      )
    })
  )

  it.effect("is replaced once the readers of an older state have ended", () =>
    Effect.gen(function* () {
      const { fail, filename, id, sessions } = yield* watched
      const reader = new DatabaseSync(filename, { readOnly: true })
      reader.exec("BEGIN")
      reader.prepare("SELECT count(*) FROM events").get()
      yield* sessions.append(id, at(0), [asked])
      fail("COMMIT", 1034)
      yield* Effect.flip(sessions.append(id, at(1), [asked]))
      const looking = yield* Effect.forkChild(sessions.get(id), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.isUndefined(looking.pollUnsafe(), "nothing is done before the log is moved")
      reader.exec("COMMIT")
      reader.close()
      yield* TestClock.adjust("1 second")
      const exit = looking.pollUnsafe()
      assert.strictEqual(exit?._tag === "Success" ? exit.value.head : exit, 1)
    })
  )
})
