import { readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { connect } from "../src/database/connection.ts"
import { open } from "../src/database/database.ts"
import { migrate, migrations } from "../src/database/migrations.ts"
import { asked, at, completed, delta } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"
import * as Version1 from "@parley/harness/version1"

const limit = Duration.seconds(5)
const more = [...migrations, ["CREATE TABLE notes (text TEXT) STRICT", "INSERT INTO notes VALUES ('once')"]]
const broken = [...migrations, ["CREATE TABLE notes (text TEXT) STRICT", "CREATE NONSENSE"]]

const rows = (filename: string, sql: string) => {
  const db = new DatabaseSync(filename)
  const all = db
    .prepare(sql)
    .all()
    .map((row) => Object.values(row)[0])
  db.close()
  return all
}

describe("migrations", () => {
  it.effect("preserve the sessions of version 1, which can then be acquired and appended to", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      Version1.create(filename)
      const layer = Layer.provide(SqliteSessions.layer({ filename }), Temporary.atOnce)
      const sessions = yield* Effect.map(Layer.build(layer), (context) => Context.get(context, SessionManager))
      const id = SessionId.make("old")
      const usage = { inputTokens: 5, outputTokens: 6, cacheReadTokens: 7, cacheWriteTokens: 8 }
      const times = { createdAt: 10, updatedAt: 20 }
      assert.deepStrictEqual(yield* sessions.list({}), [
        { id, workspace: "/w", title: "Hello", ...times, head: 2, rounds: 1, open: true, usage, cost: 0.5 }
      ])
      assert.deepStrictEqual(
        (yield* sessions.read(id, 0)).map(({ event }) => event),
        [asked, delta("Hi")]
      )
      const { epoch } = yield* sessions.acquire(id)
      assert.strictEqual(epoch, 1)
      yield* sessions.append(id, at(2, epoch), [completed])
      assert.deepStrictEqual(
        (yield* sessions.read(id, 0)).map(({ seq }) => seq),
        [1, 3]
      )
      assert.deepStrictEqual(rows(filename, "PRAGMA user_version"), [migrations.length])
    })
  )

  it.live("migrate an older database once if several processes open it", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      yield* Effect.scoped(open(filename, limit))
      // All of them see the old version before the lock lets the first one write.
      const lock = new DatabaseSync(filename)
      lock.exec("BEGIN IMMEDIATE")
      const upgrades = yield* Effect.forEach(Array.from({ length: 5 }), () =>
        open(filename, limit, more).pipe(Effect.scoped, Effect.forkChild({ startImmediately: true }))
      )
      yield* Effect.sleep("30 millis")
      lock.exec("COMMIT")
      lock.close()
      yield* Effect.forEach(upgrades, Fiber.join)
      assert.deepStrictEqual(rows(filename, "SELECT text FROM notes"), ["once"])
      assert.deepStrictEqual(rows(filename, "PRAGMA user_version"), [more.length])
      const error = yield* open(filename, limit).pipe(Effect.scoped, Effect.flip)
      assert.strictEqual(error.reason, "Newer")
    })
  )

  it.live("are applied once if another process migrates between the version check and the lock", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      yield* Effect.scoped(open(filename, limit))
      const sql = yield* connect(filename)
      const another = Effect.scoped(open(filename, limit, more))
      const overtaken = new Proxy(sql, {
        get: (client, key): unknown =>
          key === "withTransaction"
            ? <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.andThen(another, client.withTransaction(body))
            : Reflect.get(client, key)
      })
      yield* migrate(overtaken, more)
      assert.deepStrictEqual(rows(filename, "SELECT text FROM notes"), ["once"])
    })
  )

  it.live("store a copy of each old version, but none of a new or an up-to-date database", () =>
    Effect.gen(function* () {
      const directory = yield* Temporary.directory
      const filename = join(directory, "sessions.db")
      Version1.create(filename)
      const names = () => readdirSync(directory).sort()
      yield* open(filename, limit, migrations.slice(0, 2)).pipe(Effect.scoped)
      assert.deepStrictEqual(names(), ["sessions.db", "sessions.db.version-1.bak"])
      yield* Effect.scoped(open(filename, limit))
      const all = ["sessions.db", "sessions.db.version-1.bak", "sessions.db.version-2.bak"]
      assert.deepStrictEqual(names(), all)
      for (const [name, version] of [
        ["sessions.db.version-1.bak", 1],
        ["sessions.db.version-2.bak", 2]
      ] as const) {
        assert.deepStrictEqual(rows(join(directory, name), "PRAGMA user_version"), [version])
        assert.deepStrictEqual(rows(join(directory, name), "SELECT id FROM sessions"), ["old"])
      }
      // Of sessions that were there before, too, it is known to which database they belong.
      assert.deepStrictEqual(rows(filename, "SELECT origin = (SELECT id FROM origin) FROM sessions"), [1])
      yield* Effect.scoped(open(filename, limit))
      yield* Effect.scoped(open(join(directory, "z.db"), limit))
      assert.deepStrictEqual(names(), [...all, "z.db"])
    })
  )

  it.live("leave the database unchanged if one of them fails", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      yield* Effect.scoped(open(filename, limit))
      const error = yield* open(filename, limit, broken).pipe(Effect.scoped, Effect.flip)
      assert.strictEqual(error._tag, "StorageError")
      assert.deepStrictEqual(rows(filename, "PRAGMA user_version"), [migrations.length])
      assert.deepStrictEqual(rows(filename, "SELECT name FROM sqlite_schema WHERE name = 'notes'"), [])
      assert.deepStrictEqual(
        readdirSync(dirname(filename)).filter((name) => name.endsWith(".new")),
        []
      )
      yield* Effect.scoped(open(filename, limit))
    })
  )
})
