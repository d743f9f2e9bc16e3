import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import type { Post } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { open } from "../src/database/database.ts"
import { migrations } from "../src/database/migrations.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, delta, fact } from "./support/events.ts"
import { record } from "./support/statements.ts"
import * as Temporary from "./support/temporary.ts"

const storeAt = (filename: string, access: "read" | "write" = "write") =>
  SqliteSessions.layer({ filename, access }).pipe(
    Layer.provide(Temporary.atOnce),
    Layer.fresh,
    Layer.build,
    Effect.map((context) => Context.get(context, SessionManager))
  )

/** Two stores on one file, as two processes have them: they share nothing but the file. */
const two = Effect.gen(function* () {
  const filename = join(yield* Temporary.directory, "sessions.db")
  const [here, there] = yield* Effect.all([storeAt(filename), storeAt(filename)])
  return { filename, here, there, id: (yield* here.create({})).id }
})

const message = (payload: string, key?: string) => ({
  kind: "message" as const,
  payload,
  ...(key === undefined ? {} : { key })
})
const payloads = (posts: ReadonlyArray<Post>) => posts.map(({ payload }) => payload)
const settle = Effect.replicateEffect(Effect.yieldNow, 100, { discard: true })

describe("posts", () => {
  it.effect("of one process are taken, edited and refused by another", () =>
    Effect.gen(function* () {
      const { here, id, there } = yield* two
      const a = yield* there.post(id, message("a", "k"))
      const [read] = yield* here.posts(id)
      assert.deepStrictEqual(read, a)
      yield* there.editPost(id, a.id, "b")
      const early = yield* Effect.flip(here.append(id, { ...at(0), takes: [a] }, [fact]))
      assert.deepInclude(early, { _tag: "PostChanged", change: "edited" })
      yield* here.append(id, { ...at(0), takes: yield* here.posts(id) }, [fact])
      assert.deepInclude(yield* Effect.flip(there.withdrawPost(id, a.id)), { _tag: "PostChanged", change: "taken" })
      assert.deepInclude(yield* Effect.flip(there.post(id, message("c", "k"))), { _tag: "PostExists", state: "taken" })
    })
  )

  it.effect("of another process are shown to a subscriber a little later, and end when it removes the session", () =>
    Effect.gen(function* () {
      const { here, id, there } = yield* two
      const seen: Array<ReadonlyArray<unknown>> = []
      const fiber = yield* here.followPosts(id).pipe(
        Stream.runForEach((posts) => Effect.sync(() => seen.push(payloads(posts)))),
        Effect.forkScoped({ startImmediately: true })
      )
      const tick = Effect.andThen(TestClock.adjust(200), settle)
      const a = yield* there.post(id, message("a"))
      yield* tick
      assert.deepStrictEqual(seen, [[], ["a"]])
      yield* there.editPost(id, a.id, "b")
      yield* tick
      yield* tick
      yield* there.withdrawPost(id, a.id)
      yield* tick
      assert.deepStrictEqual(seen, [[], ["a"], ["b"], []])
      yield* there.remove(id)
      yield* tick
      yield* Fiber.join(fiber)
    })
  )

  it.effect("are barriers, and so is an append that takes them; later commits know the setting", () =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const { id } = yield* sessions.create({})
      const log = yield* record
      const post = yield* sessions.post(id, message("a"))
      yield* sessions.append(id, at(0), [delta("a")])
      yield* sessions.editPost(id, post.id, "b")
      yield* sessions.withdrawPost(id, (yield* sessions.post(id, message("c"))).id)
      yield* sessions.append(id, at(1), [delta("b")])
      yield* sessions.append(id, { ...at(2), takes: yield* sessions.posts(id) }, [])
      const settings = log().filter((text) => text !== "BEGIN IMMEDIATE")
      const [full, normal, commit] = ["PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL", "COMMIT"]
      // Three posts and changes of posts are written between the two deltas.
      const between = [full, commit, commit, commit]
      assert.deepStrictEqual(settings, [full, commit, normal, commit, ...between, normal, commit, full, commit])
    }).pipe(Effect.provide(Temporary.layer))
  )

  it.effect("survive the death of the process, but not their session, and leave no payload behind", () =>
    Effect.gen(function* () {
      const { filename, here, id } = yield* two
      yield* here.post(id, message("kept secret"))
      const taken = yield* here.post(id, message("taken secret"))
      yield* here.append(id, { ...at(0), takes: [taken] }, [fact])
      const again = yield* storeAt(filename)
      assert.deepStrictEqual(payloads(yield* again.posts(id)), ["kept secret"])
      const database = new DatabaseSync(filename)
      const rows = database.prepare("SELECT n, state, payload FROM posts").all()
      assert.deepStrictEqual(
        rows.map((row) => Object.values(row)),
        [
          [1, "waiting", '"kept secret"'],
          [2, "taken", null]
        ]
      )
      database.close()
      yield* again.remove(id)
      for (const file of [filename, `${filename}-wal`]) assert.notInclude(readFileSync(file, "latin1"), "secret")
    })
  )

  it.effect("that are damaged are reported with their number", () =>
    Effect.gen(function* () {
      const { filename, here, id } = yield* two
      yield* here.post(id, message("a"))
      const database = new DatabaseSync(filename)
      database.exec("UPDATE posts SET kind = 'letter'")
      database.close()
      const error = yield* Effect.flip(here.posts(id))
      assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt" })
      assert.include(error.message, "post 1")
    })
  )

  it.effect("can be made in a database of the version before, which has none when it is only read", () =>
    Effect.gen(function* () {
      const directory = yield* Temporary.directory
      const filename = join(directory, "sessions.db")
      yield* Effect.scoped(open(filename, Duration.seconds(1), migrations.slice(0, 4)))
      const old = new DatabaseSync(filename)
      old.exec(`INSERT INTO sessions (id, workspace, title, created_at, updated_at, head, rounds, open, input_tokens,
        output_tokens, cache_read_tokens, cache_write_tokens, cost, origin)
        VALUES ('old', '', '', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, (SELECT id FROM origin))`)
      old.close()
      const ids = (sessions: SessionManager["Service"]) =>
        Effect.map(sessions.list({}), (all) => all.map(({ id }) => id))
      // The copy that a migration makes first cannot get its name, so that the database can only be read.
      const blocked = `${filename}.version-4.bak`
      mkdirSync(join(blocked, "full"), { recursive: true })
      yield* Effect.gen(function* () {
        const reader = yield* storeAt(filename, "read")
        const [id = assert.fail("the session is listed")] = yield* ids(reader)
        assert.deepStrictEqual(yield* reader.posts(id), [])
      }).pipe(Effect.scoped)
      rmSync(blocked, { recursive: true })
      const writer = yield* storeAt(filename)
      const [id = assert.fail("the session is listed")] = yield* ids(writer)
      yield* writer.post(id, message("a"))
      assert.deepStrictEqual(payloads(yield* writer.posts(id)), ["a"])
    })
  )
})
