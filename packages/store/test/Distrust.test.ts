import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, completed, delta, started } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"
import * as Version1 from "@parley/harness/version1"
import { promptly } from "@parley/harness/promptly"

const open = (filename: string) =>
  SqliteSessions.layer({ filename }).pipe(
    Layer.provide(Temporary.atOnce),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )
const refusal = (filename: string) => open(filename).pipe(Effect.scoped, Effect.flip)

/** A database, a session in it, and copies of it as a crash would leave it. */
const crashed = Effect.gen(function* () {
  const root = yield* Temporary.directory
  const filename = join(root, "sessions.db")
  const sessions = yield* open(filename)
  const { id } = yield* sessions.create({})
  yield* sessions.append(id, at(0), [asked, started, delta("Hello ".repeat(2000)), completed])
  const image = (name: string, ends: ReadonlyArray<string> = ["", "-wal", "-shm"]) => {
    mkdirSync(join(root, name))
    for (const end of ends) copyFileSync(filename + end, join(root, name, `sessions.db${end}`))
    return join(root, name, "sessions.db")
  }
  return { root, filename, sessions, id, image }
})

const armed = (method: (text: string) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      // oxlint-disable-next-line typescript/unbound-method -- called below, with the connection it is called on
      const prepare = DatabaseSync.prototype.prepare
      return vi.spyOn(DatabaseSync.prototype, "prepare").mockImplementation(function (this: DatabaseSync, text) {
        method(text)
        return prepare.call(this, text)
      })
    }),
    (spy) => Effect.sync(() => spy.mockRestore())
  )

const badWrite = () => Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode: 1034 })

describe("the store does not trust", () => {
  it.effect("a connection whose commit failed: it is closed and replaced by another one", () =>
    Effect.gen(function* () {
      const { id, sessions } = yield* crashed
      const closed = yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(DatabaseSync.prototype, "close")),
        (spy) => Effect.sync(() => spy.mockRestore())
      )
      const broken = yield* armed((text) => {
        if (text === "COMMIT") throw badWrite()
      })
      const error = yield* Effect.flip(sessions.append(id, at(4), [asked]))
      assert.match(error.message, /disk I\/O error.*check both/)
      broken.mockRestore()
      assert.strictEqual(closed.mock.calls.length, 0)
      const texts: Array<string> = []
      yield* armed((text) => void texts.push(text))
      yield* sessions.append(id, at(4), [asked])
      assert.strictEqual(closed.mock.calls.length, 1)
      assert.isBelow(texts.indexOf("PRAGMA wal_checkpoint(TRUNCATE)"), texts.indexOf("BEGIN IMMEDIATE"))
      assert.isAbove(texts.indexOf("PRAGMA wal_checkpoint(TRUNCATE)"), -1)
    })
  )

  it.effect("a file that was moved away, before or during a write", () =>
    Effect.gen(function* () {
      const { filename, id, sessions } = yield* crashed
      renameSync(filename, `${filename}.away`)
      assert.match((yield* Effect.flip(sessions.get(id))).message, /was deleted or moved away while it was open/)
      writeFileSync(filename, "another")
      assert.match((yield* Effect.flip(sessions.get(id))).message, /was replaced by another file while it was open/)
      renameSync(`${filename}.away`, filename)
      assert.strictEqual((yield* sessions.get(id)).head, 4)
      yield* armed((text) => {
        if (text === "COMMIT") renameSync(filename, `${filename}.away`)
      })
      const error = yield* Effect.flip(sessions.append(id, at(4), [asked]))
      assert.match(error.message, /was deleted or moved away while it was open/)
    })
  )

  it.effect("a database after a crash, until it was checked", () =>
    Effect.gen(function* () {
      const { image } = yield* crashed
      const sound = image("sound")
      assert.strictEqual((yield* Effect.flatMap(open(sound), (all) => all.list({}))).length, 1)
      const garbled = image("garbled")
      const content = readFileSync(`${garbled}-wal`)
      // The last page in it, whose sums are left as they would be by a program that wrote nonsense.
      const db = new DatabaseSync(garbled)
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
      const copy = readFileSync(garbled).fill(7, 2 * 4096, 3 * 4096)
      db.exec("UPDATE sessions SET title = 'again'")
      const log = readFileSync(`${garbled}-wal`)
      db.close()
      assert.isAbove(content.length, 0)
      writeFileSync(garbled, copy)
      writeFileSync(`${garbled}-wal`, log)
      assert.deepInclude(yield* refusal(garbled), { _tag: "StorageError", reason: "Corrupt" })
    })
  )

  it.effect("a log without its database, an index without its log, and the log of another", () =>
    Effect.gen(function* () {
      const { image } = yield* crashed
      const other = yield* crashed
      const alone = image("alone", ["-wal"])
      assert.match((yield* refusal(alone)).message, /is missing, but .*-wal still exists/)
      const lost = image("lost", ["", "-shm"])
      assert.match((yield* refusal(lost)).message, /-wal is missing, and with it the latest changes/)
      const foreign = image("foreign", [""])
      copyFileSync(`${other.filename}-wal`, `${foreign}-wal`)
      assert.match((yield* refusal(foreign)).message, /belongs to another database|damaged/)
      for (const end of ["-wal", "-shm"]) rmSync(foreign + end)
      yield* Effect.scoped(open(foreign))
    })
  )

  it.effect("a migration: a copy of the old database is kept", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      Version1.create(filename)
      yield* Effect.scoped(open(filename))
      const copy = `${filename}.version-1.bak`
      assert.strictEqual(statSync(copy).mode & 0o777, 0o600)
      const db = new DatabaseSync(copy, { readOnly: true })
      assert.deepEqual({ ...db.prepare("PRAGMA user_version").get() }, { user_version: 1 })
      assert.deepEqual({ ...db.prepare("SELECT count(*) AS n FROM events").get() }, { n: 2 })
      db.close()
    })
  )

  it.effect("session numbers that no version wrote, and a log that lost its end", () =>
    Effect.gen(function* () {
      const { filename, id, sessions } = yield* crashed
      const db = new DatabaseSync(filename)
      db.exec("UPDATE sessions SET input_tokens = 1 << 62, updated_at = -7, cost = -1")
      assert.deepInclude((yield* sessions.list({}))[0], { updatedAt: 0, cost: 0 })
      db.exec("DELETE FROM events WHERE seq = 4")
      db.close()
      const error = yield* Effect.flip(sessions.read(id, 0))
      assert.deepInclude(error, { reason: "Corrupt", sessionId: id })
      assert.match(error.message, /event 4: the log must end with it, but ends with event 2/)
    })
  )

  it.live("a locked database to be released: waiting can be interrupted", () =>
    Effect.gen(function* () {
      const { filename, id, sessions } = yield* crashed
      const lock = new DatabaseSync(filename)
      lock.exec("BEGIN IMMEDIATE")
      const waiting = yield* Effect.forkChild(Effect.scoped(sessions.acquire(id)), { startImmediately: true })
      yield* Effect.sleep("50 millis")
      const [time] = yield* waiting.pipe(Fiber.interrupt, Effect.timed)
      lock.exec("COMMIT")
      lock.close()
      promptly(Duration.toMillis(time), 2000)
      yield* Effect.scoped(sessions.acquire(id))
    })
  )
})
