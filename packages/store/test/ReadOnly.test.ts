import * as fs from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { BusyLimit } from "../src/file/StoreSettings.ts"
import { asked, at, completed } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const patience = Layer.succeed(BusyLimit, Duration.millis(300))
const open = (filename: string, access: "read" | "write" = "read") =>
  SqliteSessions.layer({ filename, access }).pipe(
    Layer.provide([Temporary.atOnce, patience]),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )
const refusal = (filename: string) => open(filename).pipe(Effect.scoped, Effect.flip)

/** A database with one session of two events, closed, of which other programs may have made something. */
const written = Effect.fnUntraced(function* (...statements: ReadonlyArray<string>) {
  const root = yield* Temporary.directory
  const filename = join(root, "sessions.db")
  const id = yield* open(filename, "write").pipe(
    Effect.flatMap((sessions) =>
      Effect.tap(sessions.create({ title: "first" }), ({ id }) => sessions.append(id, at(0), [asked, completed]))
    ),
    Effect.map(({ id }) => id),
    Effect.scoped
  )
  const exec = (sql: string) => {
    const db = new DatabaseSync(filename)
    db.exec(sql)
    db.close()
  }
  for (const statement of statements) exec(statement)
  return { exec, filename, id, root }
})

const newer = "PRAGMA user_version = 999"

describe("a database that is opened for reading", () => {
  it.effect("of a newer version is listed and read, and not changed", () =>
    Effect.gen(function* () {
      const { filename, id, root } = yield* written(newer)
      const before = fs.readFileSync(filename)
      const prepare = yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(DatabaseSync.prototype, "prepare")),
        (spy) => Effect.sync(() => spy.mockRestore())
      )
      yield* Effect.gen(function* () {
        const sessions = yield* open(filename)
        // After the failure to open it properly: nothing that another program put into it is run, and damage is noticed.
        const texts = prepare.mock.calls.map(([text]) => text)
        assert.isAtLeast(texts.filter((text) => text === "PRAGMA trusted_schema = OFF").length, 2)
        assert.isAtLeast(texts.filter((text) => text === "PRAGMA cell_size_check = ON").length, 2)
        assert.deepStrictEqual(
          (yield* sessions.list({})).map(({ title }) => title),
          ["first"]
        )
        assert.strictEqual((yield* sessions.get(id)).head, 2)
        assert.strictEqual((yield* sessions.read(id, 0)).length, 2)
        assert.strictEqual((yield* sessions.salvage(id)).length, 2)
        const writes = {
          create: Effect.asVoid(sessions.create({})),
          append: Effect.asVoid(sessions.append(id, at(2), [asked])),
          remove: sessions.remove(id),
          acquire: sessions.acquire(id).pipe(Effect.scoped, Effect.asVoid)
        }
        for (const [operation, write] of Object.entries(writes))
          assert.deepInclude(yield* Effect.flip(write), { _tag: "StorageError", reason: "Newer", operation })
      }).pipe(Effect.scoped)
      assert.isTrue(before.equals(fs.readFileSync(filename)))
      assert.deepStrictEqual(fs.readdirSync(root), ["sessions.db"])
    })
  )

  it.effect("of a newer version with different tables fails with the reason Newer", () =>
    Effect.gen(function* () {
      const { filename, id } = yield* written(`UPDATE events SET body = '{"_tag":"Newspeak"}' WHERE seq = 2`, newer)
      const sessions = yield* open(filename)
      assert.deepInclude(yield* Effect.flip(sessions.read(id, 0)), { reason: "Newer", sessionId: id })
      assert.strictEqual((yield* sessions.salvage(id)).length, 1)
      const { filename: other, id: theirs } = yield* written("ALTER TABLE events RENAME COLUMN body TO text", newer)
      const renamed = yield* open(other)
      assert.strictEqual((yield* renamed.list({})).length, 1)
      assert.deepInclude(yield* Effect.flip(renamed.read(theirs, 0)), { reason: "Newer", operation: "read" })
    })
  )

  it.effect("shows the content of another process's log, and what that process writes meanwhile", () =>
    Effect.gen(function* () {
      const { filename } = yield* written(newer)
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename)),
        (db) => Effect.sync(() => db.close())
      )
      other.exec("UPDATE sessions SET title = 'second'")
      const sessions = yield* open(filename)
      const titles = Effect.map(sessions.list({}), (all) => all.map(({ title }) => title))
      assert.deepStrictEqual(yield* titles, ["second"])
      other.exec("UPDATE sessions SET title = 'third'")
      assert.deepStrictEqual(yield* titles, ["third"])
    })
  )

  it.effect("is opened for writing if possible: it is created if missing, and can be written to", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const sessions = yield* open(filename)
      const { id } = yield* sessions.create({})
      yield* sessions.append(id, at(0), [asked])
      assert.strictEqual((yield* sessions.read(id, 0)).length, 1)
    })
  )

  it.effect("is refused with the error of opening it for writing", () =>
    Effect.gen(function* () {
      const root = yield* Temporary.directory
      const path = (name: string) => join(root, name)
      fs.writeFileSync(path("text"), "This is no database. ".repeat(500), { mode: 0o600 })
      fs.writeFileSync(path("empty"), "", { mode: 0o600 })
      fs.mkdirSync(path("directory"), { mode: 0o700 })
      const other = new DatabaseSync(path("other"))
      other.exec("CREATE TABLE mine (x)")
      other.close()
      fs.chmodSync(path("other"), 0o600)
      assert.deepInclude(yield* refusal(path("text")), { reason: "Corrupt", operation: "open" })
      assert.deepInclude(yield* refusal(path("empty")), { reason: "Corrupt", operation: "open" })
      assert.match((yield* refusal(path("directory"))).message, /directory is not a regular file/)
      assert.match((yield* refusal(path("other"))).message, /other is a database of another program/)
      const { filename } = yield* written("CREATE TABLE notes (text TEXT)")
      assert.deepInclude(yield* refusal(filename), { reason: "Corrupt" })
    })
  )

  it.effect("is not read while another process has it locked", () =>
    Effect.gen(function* () {
      const { filename } = yield* written()
      const lock = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename)),
        (db) => Effect.sync(() => db.close())
      )
      lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
      const refused = yield* Effect.forkChild(refusal(filename), { startImmediately: true })
      yield* TestClock.adjust(200)
      assert.isUndefined(refused.pollUnsafe(), "it is waited for as long as the limit says")
      yield* TestClock.adjust(200)
      const exit = refused.pollUnsafe()
      assert.deepInclude(exit?._tag === "Success" ? exit.value : {}, { reason: "Busy" })
    })
  )
})
