import { copyFileSync, renameSync, rmSync } from "node:fs"
import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { engine, home } from "../support/home.ts"
import { post, stored } from "../support/post.ts"
import { refused, machine } from "./machine.ts"
import { answering, refusal, talk } from "./talk.ts"

/** An engine at work on a database to which something happens between two messages. */
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
      // It stays so, whatever is asked for, and no model is.
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
    name: "moved away: told, and all of it there when it is put back",
    run: meanwhile(
      (database) => {
        renameSync(database, `${database}.away`)
      },
      /was deleted or moved away while it was open; put it back, or start Parley again/,
      (database) =>
        Effect.gen(function* () {
          // A log without its database is not taken over by a new one.
          const here = yield* home
          copyFileSync(`${database}-wal`, `${here.root}/parley.db-wal`)
          const error = yield* refusal({ ...here, data: here.root })
          assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt" })
          assert.match(String(error), /is missing and .*-wal is still there/)
          renameSync(`${database}.away`, database)
        }).pipe(Effect.scoped)
    )
  },
  {
    id: "S15",
    name: "replaced by another database: told, and neither is harmed",
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
            // Beside the log that the first one left, the other is refused.
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
