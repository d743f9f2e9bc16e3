import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { pageSize } from "../src/log/eventRows.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, started } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const stored = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const built = yield* Layer.build(Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce))
  const sessions = Context.get(built, SessionManager)
  const { id } = yield* sessions.create({})
  const db = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => db.close())
  )
  return { db, id, sessions }
})

const seqs = (entries: ReadonlyArray<LogEntry>) => entries.map(({ seq }) => seq)

describe("a log", () => {
  it.live("is read completely and in order with exactly one page of events, and with one event more", () =>
    Effect.gen(function* () {
      const { id, sessions } = yield* stored
      let head = 0
      for (const count of [pageSize, pageSize + 1]) {
        const more = Array.from({ length: count - head }, () => started)
        yield* sessions.append(id, at(head), more)
        head = count
        const expected = Array.from({ length: count }, (_, i) => i + 1)
        assert.deepStrictEqual(seqs(yield* sessions.read(id, 0)), expected)
      }
      assert.deepStrictEqual(seqs(yield* sessions.read(id, 1)).length, pageSize)
      assert.deepStrictEqual(yield* sessions.read(id, head), [])
      assert.deepStrictEqual(yield* sessions.read(id, head + 1), [])
    })
  )

  it.effect("of a session that does not exist cannot be read or salvaged", () =>
    Effect.gen(function* () {
      const { sessions } = yield* stored
      for (const ask of [sessions.read, (id: SessionId) => sessions.salvage(id)])
        assert.strictEqual((yield* Effect.flip(ask(SessionId.make("none"), 0)))._tag, "SessionNotFound")
    })
  )

  it.effect("with an invalid time is damaged, and its other events are salvaged", () =>
    Effect.gen(function* () {
      const { db, id, sessions } = yield* stored
      yield* sessions.append(id, at(0), [started, started, started])
      for (const time of ["8640000000000000", "-8640000000000000"]) {
        db.exec(`UPDATE events SET at = ${time} WHERE seq = 2`)
        assert.deepStrictEqual(seqs(yield* sessions.read(id, 0)), [1, 2, 3])
        assert.deepStrictEqual(seqs(yield* sessions.salvage(id)), [1, 2, 3])
      }
      for (const time of ["8640000000000001", "-8640000000000001"]) {
        db.exec(`UPDATE events SET at = ${time} WHERE seq = 2`)
        assert.include((yield* Effect.flip(sessions.read(id, 0))).message, `event 2: its time ${time} is out of range`)
        assert.deepStrictEqual(seqs(yield* sessions.salvage(id)), [1, 2, 3])
      }
    })
  )

  it.effect("without some events before its end is read, but without its end it is damaged", () =>
    Effect.gen(function* () {
      const { db, id, sessions } = yield* stored
      yield* sessions.append(id, at(0), [started, started, started])
      db.exec("UPDATE sessions SET head = 4")
      const error = yield* Effect.flip(sessions.read(id, 0))
      assert.include(error.message, "event 4: the log must end with it, but ends with event 3")
      assert.include((yield* Effect.flip(sessions.read(id, 3))).message, "ends with event 3")
      assert.deepStrictEqual(seqs(yield* sessions.salvage(id)), [1, 2, 3])
      db.exec("UPDATE sessions SET head = 3")
      assert.deepStrictEqual(seqs(yield* sessions.read(id, 0)), [1, 2, 3])
    })
  )

  it.effect("with numbers that JavaScript cannot represent is salvaged without these events", () =>
    Effect.gen(function* () {
      const { db, id, sessions } = yield* stored
      yield* sessions.append(id, at(0), [started, started])
      const insert = (seq: string, time: string) =>
        db.exec(`INSERT INTO events SELECT session, ${seq}, ${time}, body, delta_of FROM events WHERE seq = 1`)
      insert("9007199254740993", "0")
      insert("3", "9007199254740993")
      assert.deepInclude(yield* Effect.flip(sessions.read(id, 0)), { _tag: "StorageError", reason: "Corrupt" })
      assert.deepStrictEqual(seqs(yield* sessions.salvage(id)), [1, 2])
    })
  )
})

it.effect("a list has at most its limit of sessions, rounded down, and none below one", () =>
  Effect.gen(function* () {
    const { sessions } = yield* stored
    yield* sessions.create({})
    yield* sessions.create({})
    const count = (limit: number) => Effect.map(sessions.list({ limit }), ({ length }) => length)
    assert.deepStrictEqual(yield* Effect.forEach([-1, 0, 0.9, 1, 1.9, 2, 3, 4], count), [0, 0, 0, 1, 1, 2, 3, 3])
  })
)
