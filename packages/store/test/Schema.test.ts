import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { known, ofIndex } from "../src/database/schema.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, delta } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const open = (filename: string, access: "read" | "write" = "write") =>
  SqliteSessions.layer({ filename, access }).pipe(
    Layer.provide(Temporary.atOnce),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )

/** A database with one session, changed by another program. */
const changed = Effect.fnUntraced(function* (...statements: ReadonlyArray<string>) {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const id = yield* open(filename).pipe(
    Effect.flatMap((sessions) => Effect.tap(sessions.create({}), ({ id }) => sessions.append(id, at(0), [asked]))),
    Effect.map(({ id }) => id),
    Effect.scoped
  )
  const db = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (db) => Effect.sync(() => db.close())
  )
  for (const statement of statements) db.exec(statement)
  return { db, filename, id }
})

const ignoring = "CREATE TRIGGER t BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END"

describe("a database that another program changed", () => {
  it.effect("the known schema is the one that the migrations create", () =>
    Effect.gen(function* () {
      const { db } = yield* changed()
      const made = db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").all()
      assert.isTrue([...ofIndex].every((name) => made.some((part) => part["name"] === name)))
      assert.deepStrictEqual(
        made
          .filter(({ name }) => !ofIndex.has(String(name)))
          .map(({ name, sql }) => [name, String(sql).replace(/\s+/g, " ")]),
        Object.entries(known).sort(([a], [b]) => (a < b ? -1 : 1))
      )
    })
  )

  it.effect("is opened neither for writing nor for reading, and the error names the foreign object", () =>
    Effect.gen(function* () {
      for (const [statement, words] of [
        [ignoring, 'the trigger "t"'],
        ["CREATE TRIGGER t AFTER INSERT ON events BEGIN UPDATE events SET body = '{}'; END", 'the trigger "t"'],
        ["CREATE TRIGGER t AFTER UPDATE ON sessions BEGIN DELETE FROM events; END", 'the trigger "t"'],
        ["CREATE VIEW v AS SELECT 1", 'the view "v"'],
        ["ALTER TABLE sessions RENAME TO s2; CREATE VIEW sessions AS SELECT * FROM s2", 'the view "sessions"'],
        ["CREATE TABLE notes (text TEXT)", 'the table "notes"'],
        ["CREATE VIRTUAL TABLE other USING fts5(text)", 'the table "other"'],
        ["DROP TABLE search; CREATE TABLE search (text)", 'the table "search" of'],
        ["CREATE INDEX search_more ON search_data (block)", 'the index "search_more"'],
        ["CREATE UNIQUE INDEX one ON events (at)", 'the index "one"'],
        ["ALTER TABLE events ADD COLUMN more TEXT", 'the table "events" of'],
        ["DROP INDEX events_deltas; CREATE INDEX events_deltas ON events (at)", 'the index "events_deltas" of'],
        ["PRAGMA user_version = 1; CREATE TRIGGER t AFTER UPDATE ON sessions BEGIN SELECT 1; END", 'the trigger "t"']
      ] as const) {
        const { filename } = yield* changed(statement)
        for (const access of ["read", "write"] as const) {
          const error = yield* open(filename, access).pipe(Effect.scoped, Effect.flip)
          assert.strictEqual(error.reason, "Corrupt", statement)
          assert.include(error.detail, words)
        }
      }
    })
  )

  it.effect("may contain the statistics of ANALYZE", () =>
    Effect.gen(function* () {
      const { filename, id } = yield* changed("ANALYZE")
      yield* Effect.scoped(Effect.flatMap(open(filename), (sessions) => sessions.read(id, 0)))
    })
  )

  it.effect("while it is open: events that were not stored are not acknowledged", () =>
    Effect.gen(function* () {
      const { db, filename, id } = yield* changed()
      const sessions = yield* open(filename)
      db.exec(ignoring)
      const error = yield* Effect.flip(sessions.append(id, at(1), [delta("a"), delta("b")]))
      assert.strictEqual(error._tag, "StorageError")
      assert.include(error.message, "only 0 of 2 rows were stored")
      db.exec("DROP TRIGGER t")
      yield* sessions.append(id, at(1), [delta("a")])
      db.exec("CREATE TRIGGER t BEFORE UPDATE ON sessions BEGIN SELECT RAISE(IGNORE); END")
      assert.include(
        (yield* Effect.flip(sessions.append(id, at(2), [delta("b")]))).message,
        "only 0 of 1 rows were stored"
      )
      assert.strictEqual((yield* sessions.read(id, 0)).length, 2)
    })
  )
})
