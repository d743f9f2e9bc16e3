import { chmodSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, cancelled, completed, delta, round } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const open = (filename: string, access: "read" | "write" = "write") =>
  SqliteSessions.layer({ filename, access }).pipe(
    Layer.provide(Temporary.atOnce),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )

const said = (text: string): SessionEvent => ({
  _tag: "RoundStarted",
  roundId: round,
  request: [{ _tag: "Text", text }]
})

type Sessions = SessionManager["Service"]
const found = (sessions: Sessions, text: string) =>
  Effect.map(sessions.search({ text, limit: 5000 }), (hits) => hits.length)

/** A database as an earlier version left it: two sessions, of 1450 and of 3 events, that are not in the index. */
const unindexed = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const ids = yield* Effect.scoped(
    Effect.gen(function* () {
      const sessions = yield* open(filename)
      return yield* Effect.forEach([1450, 3], (count) =>
        Effect.tap(
          Effect.map(sessions.create({}), ({ id }) => id),
          (id) =>
            sessions.append(
              id,
              at(0),
              Array.from({ length: count }, (_, i) => said(`apples number${i}`))
            )
        )
      )
    })
  )
  const edit = (statement: string) => {
    const db = new DatabaseSync(filename)
    db.exec(statement)
    const rows = db.prepare("SELECT indexed, head FROM sessions ORDER BY key").all()
    db.close()
    return rows.map((row) => [row["indexed"], row["head"]])
  }
  edit("DELETE FROM search; UPDATE sessions SET indexed = 0")
  return { filename, ids, edit }
})

const first = ([id]: ReadonlyArray<SessionId>) => id ?? assert.fail("no session")

describe("the index for searches", () => {
  it.effect("is completed by the first search, batch by batch, with sessions that were stored without it", () =>
    Effect.gen(function* () {
      const { edit, filename, ids } = yield* unindexed
      const sessions = yield* open(filename)
      // Opening does not wait for the index, and a round that ends does not add all that came before it.
      assert.deepStrictEqual(edit("SELECT 1"), [
        [0, 1450],
        [0, 3]
      ])
      yield* sessions.append(first(ids), at(1450), [said("apples later"), cancelled])
      assert.deepStrictEqual(edit("SELECT 1")[0], [0, 1452])
      assert.strictEqual(yield* found(sessions, "apples"), 1454)
      for (const words of ["number0", "number499", "number500", "number1449", "later"])
        assert.isAtLeast(yield* found(sessions, words), 1, words)
      assert.deepStrictEqual(edit("SELECT 1"), [
        [1452, 1452],
        [3, 3]
      ])
      yield* sessions.append(first(ids), at(1452), [said("apples last")])
      assert.strictEqual(yield* found(sessions, "apples"), 1455)
    }).pipe(Effect.scoped)
  )

  it.effect("leaves out an event that is damaged, and no other", () =>
    Effect.gen(function* () {
      const { edit, filename } = yield* unindexed
      edit("UPDATE events SET body = '{' WHERE session = 1 AND seq = 7")
      assert.strictEqual(yield* found(yield* open(filename), "apples"), 1452)
    }).pipe(Effect.scoped)
  )

  it.effect("of a database that is only read is searched as it is, and the gap is reported", () =>
    Effect.gen(function* () {
      const { edit, filename } = yield* unindexed
      const logged: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))])
      edit("PRAGMA user_version = 999")
      chmodSync(filename, 0o400)
      const sessions = yield* open(filename, "read")
      assert.strictEqual(yield* Effect.provide(found(sessions, "apples"), logger), 0)
      assert.include(logged.join(), "The search does not cover all sessions")
    }).pipe(Effect.scoped)
  )

  it.effect("gets a round when it ends, in the transaction that ends it, and its turns without their chunks", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const sessions = yield* open(filename)
      const { id } = yield* sessions.create({})
      const rows = () => {
        const db = new DatabaseSync(filename)
        const [row] = db.prepare("SELECT count(*) AS count FROM search_docsize").all()
        db.close()
        return row?.["count"]
      }
      const turnEnded: SessionEvent = { ...completed, content: [{ _tag: "Text", text: "the answer" }] }
      yield* sessions.append(id, at(0), [said("question"), delta("a chunk"), delta("another")])
      yield* sessions.append(id, at(3), [turnEnded])
      assert.strictEqual(rows(), 0)
      yield* sessions.append(id, at(4), [cancelled])
      assert.strictEqual(rows(), 2)
      // What is open is added by the search for it.
      yield* sessions.append(id, at(5), [said("more"), delta("chunks")])
      assert.strictEqual(yield* found(sessions, "chunks"), 0)
      assert.strictEqual(yield* found(sessions, "more"), 1)
      assert.strictEqual(rows(), 3)
    }).pipe(Effect.scoped)
  )
})
