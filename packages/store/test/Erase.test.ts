import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { BusyLimit } from "../src/file/StoreSettings.ts"
import { asked, at, completed, delta, round, started } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const secret = "TOP-SECRET-WORDS"
/** A part of a word, since the index for searches stores only what differs from the word before. */
const inIndex = "quartzsecret"
const gone = SessionId.make("gone")
const kept = SessionId.make("kept")

/** The files below a directory that hold the words. */
const holding = (directory: string, words: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(directory, name)
    return statSync(path).isFile() && readFileSync(path).includes(words)
  })

const said: SessionEvent = {
  _tag: "RoundStarted",
  roundId: round,
  request: [{ _tag: "Text", text: `${secret} zy${inIndex} ${"x".repeat(20_000)}` }]
}

/** Two sessions, one after the other and row by row, each with deltas that go when its turn ends. */
const filled = Effect.gen(function* () {
  const sessions = yield* SessionManager
  const write = Effect.fnUntraced(function* (id: SessionId, events: ReadonlyArray<SessionEvent>) {
    const { head } = yield* sessions.get(id)
    yield* sessions.append(id, at(head), events)
  })
  for (const id of [gone, kept]) yield* sessions.create({ id, workspace: "/ws" })
  for (let i = 0; i < 20; i++) {
    yield* write(kept, [delta(`kept ${"y".repeat(900)}`)])
    yield* write(gone, [i === 0 ? asked : started, delta(`${secret} ${"z".repeat(900)}`)])
  }
  yield* write(gone, [completed])
  yield* write(
    gone,
    Array.from({ length: 30 }, () => said)
  )
  return sessions
})

describe("a session that is removed", () => {
  it.live("leaves none of its text in any file, and releases its space", () =>
    Effect.gen(function* () {
      const directory = yield* Temporary.directory
      const filename = join(directory, "sessions.db")
      const built = SqliteSessions.layer({ filename }).pipe(Layer.provide(Temporary.atOnce))
      yield* Effect.gen(function* () {
        const sessions = yield* filled
        const before = statSync(filename).size + statSync(`${filename}-wal`).size
        assert.isNotEmpty(holding(directory, secret))
        assert.lengthOf(yield* sessions.search({ text: `zy${inIndex}` }), 20)
        yield* sessions.remove(gone)
        assert.deepStrictEqual(yield* sessions.search({ text: `zy${inIndex}` }), [])
        for (const words of [secret, inIndex]) assert.deepStrictEqual(holding(directory, words), [])
        assert.strictEqual(statSync(`${filename}-wal`).size, 0)
        assert.isBelow(statSync(filename).size, before / 4)
        assert.lengthOf(yield* sessions.read(kept, 0), 20)
        assert.strictEqual((yield* Effect.flip(sessions.remove(gone)))._tag, "SessionNotFound")
        const { head } = yield* sessions.get(kept)
        yield* sessions.append(kept, at(head), [asked])
      }).pipe(Effect.provide(built, { local: true }))
      const db = new DatabaseSync(filename)
      assert.deepStrictEqual(Object.values(db.prepare("PRAGMA integrity_check").get() ?? {}), ["ok"])
      db.close()
    }).pipe(Effect.scoped)
  )

  it.live("during a read is removed and overwritten, and the next removal releases the space", () =>
    Effect.gen(function* () {
      const directory = yield* Temporary.directory
      const filename = join(directory, "sessions.db")
      const logged: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))])
      const built = SqliteSessions.layer({ filename }).pipe(
        Layer.provide([Temporary.atOnce, Layer.succeed(BusyLimit, Duration.millis(50))])
      )
      yield* Effect.gen(function* () {
        const sessions = yield* filled
        const reader = new DatabaseSync(filename, { readOnly: true })
        reader.exec("BEGIN")
        reader.prepare("SELECT count(*) FROM events").get()
        yield* sessions.remove(gone)
        assert.lengthOf(logged, 1)
        assert.include(logged[0], `its content may still be in ${filename} or ${filename}-wal`)
        assert.strictEqual((yield* Effect.flip(sessions.get(gone)))._tag, "SessionNotFound")
        assert.isNotEmpty(holding(directory, secret))
        reader.exec("COMMIT")
        reader.close()
        yield* sessions.create({ id: gone, workspace: "/ws" })
        yield* sessions.remove(gone)
        assert.lengthOf(logged, 1)
        assert.deepStrictEqual(holding(directory, secret), [])
      }).pipe(Effect.provide([built, logger], { local: true }))
      assert.isFalse(existsSync(`${filename}-wal`) && holding(directory, secret).length > 0)
    }).pipe(Effect.scoped)
  )
})
