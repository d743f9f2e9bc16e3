import * as fs from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as Backup from "../src/sessions/Backup.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at } from "./support/events.ts"
import { withoutHardLinks } from "./support/hardLinks.ts"
import * as Temporary from "./support/temporary.ts"

/** A database that is open, with a session, and a directory for copies. */
const stored = Effect.gen(function* () {
  const root = yield* Temporary.directory
  const filename = join(root, "sessions.db")
  const built = yield* Layer.build(Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce))
  const sessions = Context.get(built, SessionManager)
  const { id } = yield* sessions.create({ title: "first" })
  yield* sessions.append(id, at(0), [asked])
  fs.mkdirSync(join(root, "copies"))
  const db = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => db.close())
  )
  return { db, filename, id, copies: join(root, "copies"), sessions, target: join(root, "copies", "copy.db") }
})

const titles = (path: string) => {
  const db = new DatabaseSync(path, { readOnly: true })
  const found = db.prepare("SELECT title FROM sessions").all()
  db.close()
  return found.map(({ title }) => title)
}

const refused = (filename: string, target: string) =>
  Backup.make({ filename, target }).pipe(
    Effect.flip,
    Effect.map((error) => (error._tag === "BackupRefused" ? [error.reason, error.path] : [error._tag, error.message]))
  )

describe("a backup", () => {
  it.effect("contains everything committed, is private whatever the umask, and leaves no other files", () =>
    Effect.gen(function* () {
      const { copies, db, filename, target } = yield* stored
      db.exec("BEGIN IMMEDIATE; UPDATE sessions SET title = 'second'")
      yield* Effect.acquireUseRelease(
        Effect.sync(() => process.umask(0)),
        () => Backup.make({ filename, target }),
        (before) => Effect.sync(() => process.umask(before))
      )
      db.exec("COMMIT")
      assert.deepStrictEqual(titles(target), ["first"])
      assert.strictEqual(fs.statSync(target).mode & 0o777, 0o600)
      yield* Backup.make({ filename, target: join(copies, "later.db") })
      assert.deepStrictEqual(titles(join(copies, "later.db")), ["second"])
      assert.deepStrictEqual(fs.readdirSync(copies).sort(), ["copy.db", "later.db"])
    })
  )

  it.effect("can be opened in place of its database", () =>
    Effect.gen(function* () {
      const { filename, id, target } = yield* stored
      yield* Backup.make({ filename, target })
      const built = yield* SqliteSessions.layer({ filename: target }).pipe(
        Layer.provide(Temporary.atOnce),
        Layer.fresh,
        Layer.build
      )
      const copied = Context.get(built, SessionManager)
      assert.strictEqual((yield* copied.read(id, 0)).length, 1)
      yield* copied.append(id, at(1), [asked])
    })
  )

  for (const links of ["with", "without"] as const)
    it.effect(`never replaces a file, ${links} hard links, and reports the reason`, () =>
      Effect.gen(function* () {
        const { copies, filename, target } = yield* stored
        if (links === "without") yield* withoutHardLinks()
        const missing = join(copies, "missing.db")
        assert.deepStrictEqual(yield* refused(missing, target), ["NothingYet", missing])
        assert.deepStrictEqual(yield* refused(copies, target), ["NothingYet", copies])
        assert.deepStrictEqual(yield* refused(filename, copies), ["Directory", copies])
        const nowhere = join(copies, "none", "copy.db")
        assert.deepStrictEqual(yield* refused(filename, nowhere), ["NoDirectory", nowhere])
        fs.symlinkSync("nothing", join(copies, "link.db"))
        const link = join(copies, "link.db")
        assert.deepStrictEqual(yield* refused(filename, link), ["Exists", link])
        yield* Backup.make({ filename, target })
        const first = fs.readFileSync(target)
        assert.deepStrictEqual(yield* refused(filename, target), ["Exists", target])
        assert.deepStrictEqual(yield* refused(filename, join(target, "copy.db")), [
          "NoDirectory",
          join(target, "copy.db")
        ])
        assert.isTrue(first.equals(fs.readFileSync(target)))
        assert.deepStrictEqual(fs.readdirSync(copies).sort(), ["copy.db", "link.db"])
      })
    )

  for (const links of ["with", "without"] as const)
    it.effect(`does not replace a file that was created meanwhile, ${links} hard links`, () =>
      Effect.gen(function* () {
        const { copies, filename, target } = yield* stored
        const put = () => fs.writeFileSync(target, "mine")
        if (links === "without") yield* withoutHardLinks(put)
        else yield* withoutHardLinks(put, "EEXIST")
        assert.deepStrictEqual(yield* refused(filename, target), ["Exists", target])
        assert.strictEqual(fs.readFileSync(target, "utf8"), "mine")
        assert.deepStrictEqual(fs.readdirSync(copies), ["copy.db"])
      })
    )

  it.effect("that fails SQLite's integrity check is not published", () =>
    Effect.gen(function* () {
      const { db, filename } = yield* stored
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
      const root = yield* Temporary.directory
      const [spoiled, target] = [join(root, "spoiled.db"), join(root, "copy.db")]
      // Copied as they are, the numbers in it are no texts.
      const bytes = fs.readFileSync(filename, "latin1").replace("cost REAL NOT NULL", "cost TEXT NOT NULL")
      fs.writeFileSync(spoiled, bytes, "latin1")
      const error = yield* Effect.flip(Backup.make({ filename: spoiled, target }))
      assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt", operation: "back up" })
      assert.include(error.message, "non-TEXT value in sessions.cost")
      assert.deepStrictEqual(fs.readdirSync(root), ["spoiled.db"])
    })
  )

  it.effect("waits for a database that another process has locked exclusively", () =>
    Effect.gen(function* () {
      const root = yield* Temporary.directory
      const filename = join(root, "sessions.db")
      yield* SqliteSessions.layer({ filename }).pipe(Layer.fresh, Layer.build, Effect.scoped)
      const lock = new DatabaseSync(filename)
      lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
      const target = join(root, "copy.db")
      const making = yield* Effect.forkChild(Backup.make({ filename, target }), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.isUndefined(making.pollUnsafe())
      lock.exec("COMMIT")
      lock.close()
      yield* TestClock.adjust("1 second")
      assert.isDefined(making.pollUnsafe())
      assert.deepStrictEqual(titles(target), [])
    })
  )
})
