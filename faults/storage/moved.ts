import { copyFileSync, renameSync, rmSync } from "node:fs"
import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"
import { refused, machine } from "./machine.ts"
import { answering, refusal, talk } from "./talk.ts"

/** Runs an engine on a database that is changed between two messages. */
const meanwhile = (
  happens: (database: string) => void,
  words: RegExp,
  after: (database: string, id: SessionId) => Effect.Effect<void, unknown>
) =>
  Effect.gen(function* () {
    const here = yield* machine
    yield* talk(here)
    const server = yield* answering
    const id = yield* Effect.gen(function* () {
      const { coordinator, sessions } = yield* engine(here, { url: server.url })
      const { id } = yield* sessions.create({ workspace: "/w" })
      yield* coordinator.handleMessage({ sessionId: id, request: "One" })
      happens(here.database)
      // Every operation keeps failing, and no request is sent to a model.
      for (const work of [
        Effect.asVoid(coordinator.handleMessage({ sessionId: id, request: "Two" })),
        Effect.asVoid(sessions.create({ workspace: "/w" })),
        Effect.asVoid(sessions.read(id, 0)),
        Effect.asVoid(coordinator.handleMessage({ sessionId: id, request: "Three" }))
      ]) {
        const error = yield* Effect.flip(work)
        assert.deepInclude(error, { _tag: "StorageError", reason: "Unavailable" })
        assert.include(error.message, here.database)
        assert.match(error.message, words)
      }
      assert.strictEqual(server.received.length, 1)
      return id
    }).pipe(Effect.scoped)
    yield* after(here.database, id)
    yield* post(here, id)
  })

export const moved: ReadonlyArray<Case> = [
  {
    id: "S15",
    name: "moved away: reported, and everything is there when it is put back",
    run: meanwhile(
      (database) => {
        renameSync(database, `${database}.away`)
      },
      /was deleted or moved away while it was open; put it back, or start Parley again/,
      (database) =>
        Effect.gen(function* () {
          // A new database does not adopt the WAL of a removed one.
          const here = yield* home
          copyFileSync(`${database}-wal`, `${here.root}/parley.db-wal`)
          const error = yield* refusal({ ...here, data: here.root })
          assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt" })
          assert.match(String(error), /is missing, but .*-wal still exists/)
          renameSync(`${database}.away`, database)
        }).pipe(Effect.scoped)
    )
  },
  {
    id: "S15",
    name: "replaced by another database: reported, and neither is harmed",
    run: Effect.gen(function* () {
      const other = yield* home
      const [theirs] = yield* talk(other, 3)
      assert.isDefined(theirs)
      const before = theirs === undefined ? [] : stored(other, theirs)
      yield* meanwhile(
        (database) => {
          renameSync(database, `${database}.away`)
          copyFileSync(`${other.data}/parley.db`, database)
        },
        /was replaced by another file while it was open; put it back, or start Parley again/,
        (database) =>
          Effect.gen(function* () {
            // The other database is refused while the WAL of the first one is beside it.
            const wrong = yield* machine
            yield* talk(wrong)
            copyFileSync(database, wrong.database)
            copyFileSync(`${database}-wal`, `${wrong.database}-wal`)
            refused(yield* wrong.parley(["sessions", "list"]), wrong.database, /belongs to another database/)
            rmSync(`${wrong.database}-wal`)
            rmSync(`${wrong.database}-shm`, { force: true })
            if (theirs !== undefined) {
              assert.deepStrictEqual(stored(wrong, theirs), before)
              yield* post(wrong, theirs)
            }
            renameSync(`${database}.away`, database)
          }).pipe(Effect.scoped)
      )
    })
  }
]
