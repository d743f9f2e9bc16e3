import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { StorageError } from "@parley/domain/Errors"
import { SessionId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Version1 from "@parley/harness/version1"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ReadOnly from "../src/database/readOnly.ts"
import * as SessionRows from "../src/log/sessionRows.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, completed, round } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const build = (filename: string) =>
  SqliteSessions.layer({ filename }).pipe(
    Layer.provide(Temporary.atOnce),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )
const cancelled: SessionEvent = { _tag: "RoundCancelled", roundId: round }
const forkedFrom = (origin: SessionId): SessionEvent => ({ _tag: "Forked", origin })

describe("a stored fork", () => {
  it.effect("copies the readable part of a damaged session, and refuses to copy the damage", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const sessions = yield* build(filename)
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked, completed, cancelled, asked])
      const db = new DatabaseSync(filename)
      db.exec("UPDATE events SET body = 'damage' WHERE seq = 4")
      db.close()
      const events = [forkedFrom(id)]
      const fork = yield* sessions.fork({ origin: id, through: 3, events })
      assert.deepStrictEqual(
        (yield* sessions.read(fork.id, 0)).map(({ event }) => event),
        [asked, completed, cancelled, forkedFrom(id)]
      )
      const refused = yield* Effect.flip(sessions.fork({ origin: id, through: 4, events, id: SessionId.make("no") }))
      assert.instanceOf(refused, StorageError)
      assert.deepInclude(refused, { reason: "Corrupt", sessionId: id })
      assert.lengthOf(yield* sessions.list({}), 2)
    })
  )

  it.effect("is stored as a whole or not at all", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const sessions = yield* build(filename)
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked, completed, cancelled])
      const db = new DatabaseSync(filename)
      db.exec("CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.seq = 4 BEGIN SELECT raise(ABORT, 'full'); END")
      const error = yield* Effect.flip(sessions.fork({ origin: id, through: 3, events: [forkedFrom(id)] }))
      assert.strictEqual(error._tag, "StorageError")
      db.exec("DROP TRIGGER full")
      db.close()
      assert.lengthOf(yield* sessions.list({}), 1)
      yield* sessions.fork({ origin: id, through: 3, events: [forkedFrom(id)] })
      assert.lengthOf(yield* sessions.list({}), 2)
    })
  )

  it.effect("is written with a full barrier", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const sessions = yield* build(filename)
      const { id } = yield* sessions.create({})
      const prepare = yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(DatabaseSync.prototype, "prepare")),
        (spy) => Effect.sync(() => spy.mockRestore())
      )
      yield* sessions.fork({ origin: id, through: 0, events: [forkedFrom(id)] })
      const texts = prepare.mock.calls.map(([text]) => text)
      const barrier = texts.indexOf("PRAGMA synchronous = FULL")
      assert.isAtLeast(barrier, 0)
      assert.isAbove(
        texts.findIndex((text) => text.startsWith("INSERT INTO events")),
        barrier
      )
    })
  )
})

describe("a database from before forks", () => {
  it.effect("is listed, even if it can only be read", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      Version1.create(filename)
      const refusal = new StorageError({ operation: "open", reason: "Unavailable", detail: "read-only" })
      const { run } = yield* ReadOnly.open(filename, Duration.seconds(1), refusal)
      const rows = yield* run("list")((sql) =>
        sql.unsafe<SessionRows.SessionRow>(SessionRows.selectMany, SessionRows.selectManyValues({}))
      )
      assert.deepStrictEqual(
        rows.map(({ fork_of, title }) => [title, fork_of]),
        [["Hello", null]]
      )
    })
  )
})
