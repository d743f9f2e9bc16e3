import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { ProgramRunner, Programs } from "@parley/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { engine, limits } from "../../session/test/Engine.ts"
import * as SqliteSessions from "../src/sessions/SqliteSessions.ts"
import { at, delta } from "./support/events.ts"
import * as Temporary from "./support/temporary.ts"

/** What a connection of its own finds wrong with the file: rows without their parent, values and indexes that do not fit. */
const problems = (db: DatabaseSync): ReadonlyArray<string> => [
  ...db
    .prepare("PRAGMA foreign_key_check")
    .all()
    .map((row) => JSON.stringify(row)),
  ...db
    .prepare("PRAGMA integrity_check")
    .all()
    .map((row) => String(row["integrity_check"]))
    .filter((line) => line !== "ok")
]

/** A store that is looked at, in the file, after each of its writes. */
const watched = (sessions: SessionManager["Service"], look: Effect.Effect<void>): SessionManager["Service"] => ({
  ...sessions,
  create: (options) => Effect.tap(sessions.create(options), look),
  fork: (options) => Effect.tap(sessions.fork(options), look),
  remove: (id) => Effect.tap(sessions.remove(id), look),
  acquire: (id) => Effect.tap(sessions.acquire(id), look),
  append: (id, at, events) => Effect.tap(sessions.append(id, at, events), look)
})

it.effect.prop(
  "invariant 6: the database is whole after each write of any program, and when its sessions are removed",
  [Programs.arbitrary],
  ([program]) =>
    Effect.gen(function* () {
      const filename = join(yield* Temporary.directory, "sessions.db")
      const built = yield* Layer.build(SqliteSessions.layer({ filename }).pipe(Layer.provide(Temporary.atOnce)))
      const db = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename, { readOnly: true })),
        (db) => Effect.sync(() => db.close())
      )
      const found: Array<string> = []
      let looks = 0
      const sessions = watched(
        Context.get(built, SessionManager),
        Effect.sync(() => {
          looks++
          found.push(...problems(db))
        })
      )
      const report = yield* ProgramRunner.run(program, engine, limits).pipe(
        Effect.provideService(SessionManager, sessions)
      )
      assert.deepStrictEqual(report.violations, [], report.violations.join("; "))
      // Each round takes the lease, and has a beginning and an end.
      assert.isAtLeast(looks, 3 * report.rounds)
      // A program may also have forked its sessions.
      for (const { id } of yield* sessions.list({})) yield* sessions.remove(id)
      assert.deepStrictEqual(found, [])
      assert.deepStrictEqual(db.prepare("SELECT count(*) AS rows FROM events").get(), { rows: 0 })
    }).pipe(Effect.scoped),
  { arbitrary: { runs: 40 } }
)

it.live("salvage reads the readable part of a damaged log, page by page, and stops at the damage", () =>
  Effect.gen(function* () {
    const filename = join(yield* Temporary.directory, "sessions.db")
    const built = yield* Layer.build(SqliteSessions.layer({ filename }).pipe(Layer.provide(Temporary.atOnce)))
    const sessions = Context.get(built, SessionManager)
    const { id } = yield* sessions.create({})
    const [batch, whole] = [5_000, 25_000]
    for (let after = 0; after < whole; after += batch)
      yield* sessions.append(
        id,
        at(after),
        Array.from({ length: batch }, (_, i) => delta(String(after + i)))
      )
    const texts = (entries: ReadonlyArray<LogEntry>) =>
      entries.flatMap(({ event }) =>
        event._tag === "TurnDelta" ? event.chunks.map((chunk) => ("text" in chunk ? chunk.text : "")) : []
      )
    const expected = Array.from({ length: whole }, (_, i) => String(i))
    assert.deepStrictEqual(texts(yield* sessions.salvage(id)), expected)
    const db = new DatabaseSync(filename)
    const damage = (seq: number) => db.prepare("UPDATE events SET body = '{' WHERE seq = ?").run(seq)
    for (const seq of [24_000, 20_001, 10_000, 1]) {
      damage(seq)
      assert.strictEqual((yield* Effect.flip(sessions.read(id, 0)))._tag, "StorageError")
      assert.deepStrictEqual(texts(yield* sessions.salvage(id)), expected.slice(0, seq - 1), `damage at ${seq}`)
    }
    db.close()
  })
)
