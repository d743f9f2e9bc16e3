import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { StorageError } from "@parley/domain/Errors"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { asked, at, completed, delta } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

const isStorageError = Schema.is(StorageError)

const use = <A, E>(filename: string, body: (sessions: SessionManager["Service"]) => Effect.Effect<A, E>) =>
  SessionManager.use(body).pipe(
    Effect.provide(SqliteSessions.layer({ filename }).pipe(Layer.provide(Temporary.atOnce)), { local: true })
  )

const create = (filename: string) => use(filename, (sessions) => sessions.create({}))

/** The reason for which a path is refused, after its message was seen to name it. */
const refusal = Effect.fnUntraced(function* (filename: string) {
  const error = yield* Effect.flip(create(filename))
  if (!isStorageError(error)) return assert.fail(error.message)
  assert.include(error.message, filename)
  return error.reason
})

const mode = (path: string) => statSync(path).mode & 0o777

describe("opening", () => {
  it.effect("shows the sessions of an earlier process, even while it is still running", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const [id, log] = yield* use(filename, (first) =>
        Effect.gen(function* () {
          const { id } = yield* first.create({ workspace: "/w" })
          yield* first.append(id, at(0), [asked, delta("a"), completed, asked])
          const log = yield* first.read(id, 0)
          assert.deepStrictEqual(yield* use(filename, (second) => second.read(id, 0)), log)
          return [id, log] as const
        })
      )
      yield* use(filename, (third) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* third.read(id, 0), log)
          assert.deepStrictEqual([yield* third.get(id)], yield* third.list({ workspace: "/w", open: true }))
          yield* third.append(id, at(4), [delta("b")])
        })
      )
    })
  )

  it.effect("creates private files in a private directory, whatever the umask", () =>
    Effect.gen(function* () {
      const root = yield* Temporary.directory
      const filename = join(root, "new", "deep", "sessions.db")
      yield* Effect.acquireUseRelease(
        Effect.sync(() => process.umask(0)),
        () =>
          use(filename, (sessions) =>
            Effect.gen(function* () {
              const { id } = yield* sessions.create({})
              yield* sessions.append(id, at(0), [asked])
              const files = readdirSync(join(root, "new", "deep")).sort()
              assert.deepStrictEqual(files, ["sessions.db", "sessions.db-shm", "sessions.db-wal"])
              for (const file of files) assert.strictEqual(mode(join(root, "new", "deep", file)), 0o600)
              for (const path of ["new", "new/deep"]) assert.strictEqual(mode(join(root, path)), 0o700)
            })
          ),
        (before) => Effect.sync(() => process.umask(before))
      )
      // Closed, the database is one file.
      assert.deepStrictEqual(readdirSync(join(root, "new", "deep")), ["sessions.db"])
    })
  )

  it.effect("refuses files that are not databases", () =>
    Effect.gen(function* () {
      const root = yield* Temporary.directory
      const path = (name: string) => join(root, name)
      writeFileSync(path("text"), "This is no database. ".repeat(500))
      writeFileSync(path("empty"), "")
      writeFileSync(path("short"), "SQLite format 3\u0000")
      mkdirSync(path("directory"))
      symlinkSync(path("nothing"), path("link"))
      execFileSync("mkfifo", [path("pipe")])
      assert.strictEqual(yield* refusal(path("text")), "Corrupt")
      assert.strictEqual(yield* refusal(path("empty")), "Corrupt")
      assert.strictEqual(yield* refusal(path("short")), "Corrupt")
      assert.strictEqual(yield* refusal(path("directory")), "Unavailable")
      assert.strictEqual(yield* refusal(path("pipe")), "Unavailable")
      assert.strictEqual(yield* refusal(path("link")), "Unavailable")
      assert.strictEqual(yield* refusal(path("text/inside.db")), "Unavailable")
      assert.strictEqual(yield* refusal("/dev/null/sessions.db"), "Unavailable")
      assert.deepStrictEqual(readdirSync(root).sort(), ["directory", "empty", "link", "pipe", "short", "text"])
    })
  )

  it.effect("converts the failures of a damaged database to StorageError", () =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const { id } = yield* use(filename, (sessions) =>
        Effect.tap(sessions.create({}), ({ id }) =>
          sessions.append(
            id,
            at(0),
            Array.from({ length: 200 }, (_, i) => delta(`${i}`.repeat(50)))
          )
        )
      )
      truncateSync(filename, 8192)
      const error = yield* Effect.flip(use(filename, (sessions) => sessions.read(id, 0)))
      assert.isTrue(isStorageError(error) && error.reason === "Corrupt", error.message)
    })
  )

  it.effect("refuses the database of a newer version or another program without changing it", () =>
    Effect.gen(function* () {
      const root = yield* Temporary.directory
      const newer = join(root, "newer.db")
      yield* create(newer)
      const other = join(root, "other.db")
      for (const [path, sql] of [
        [newer, "PRAGMA user_version = 999"],
        [other, "CREATE TABLE mine (x)"]
      ] as const) {
        const db = new DatabaseSync(path)
        db.exec(sql)
        db.close()
      }
      for (const [path, reason] of [
        [newer, "Newer"],
        [other, "Unavailable"]
      ] as const) {
        const before = readFileSync(path)
        assert.strictEqual(yield* refusal(path), reason)
        assert.isTrue(before.equals(readFileSync(path)))
      }
      assert.deepStrictEqual(readdirSync(root).sort(), ["newer.db", "other.db"])
    })
  )

  it.effect("opens one new file from several layers concurrently", () =>
    Effect.gen(function* () {
      const root = yield* Temporary.directory
      const filename = join(root, "sessions.db")
      yield* Effect.forEach(Array.from({ length: 8 }), () => create(filename), { concurrency: "unbounded" })
      assert.strictEqual((yield* use(filename, (sessions) => sessions.list({}))).length, 8)
      assert.deepStrictEqual(readdirSync(root), ["sessions.db"])
    })
  )
})
