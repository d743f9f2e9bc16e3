import { mkdirSync, statSync } from "node:fs"
import { backup, DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { roundId, SessionId, turnId } from "@parley/domain/Ids"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { Effect, Fiber, Logger, Stream } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"
import { delta, open, sse, start, stop, text } from "../../packages/harness/src/provider/wire.ts"
import { calm, machine } from "./machine.ts"
import { traced } from "./strace.ts"
import { answering, talk } from "./talk.ts"
import { inTime, promptly } from "../../packages/harness/src/time/promptly.ts"

const none = SessionId.make("none")

const pieces = Array.from({ length: 60 }, (_, i) => `piece ${i} `)
/** The response in one socket read per piece. */
const streamed = [sse(start()), ...text(0, ...pieces).map(sse), ...stop("end_turn").map(sse)]
const unfinished = [
  sse(start()),
  sse(open(0, { type: "text", text: "" })),
  sse(delta(0, { type: "text_delta", text: "Working" }))
]

/** Each sync takes half a second. */
const slowly = { call: "fsync,fdatasync", fault: "delay_enter=500000", file: "parley.db-wal" } as const

export const slowDisk: Case = {
  id: "S18",
  name: "500 ms for each sync: text does not wait for a sync, and Ctrl-C works",
  needs: ["strace", "pgrep"],
  run: Effect.gen(function* () {
    const here = yield* machine
    const [id = none] = yield* talk(here)
    const whole = yield* serve({ body: streamed })
    const first = traced(here, slowly)
    const args = ["run", "hello", "--session", id]
    const ended = yield* here.parley(args, { url: whole.url, under: first.under })
    calm(ended)
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.include(ended.stdout, pieces.join(""))
    // Syncs for the message, the turn, the end of the round and the end of the process, but not for each piece.
    assert.isAtLeast(first.injected(), 3)
    assert.isAtMost(first.injected(), 5)

    const hanging = yield* serve({ body: unfinished, last: "hang" })
    const second = here.start(args, { url: hanging.url, under: traced(here, slowly).under })
    yield* Effect.sleep("20 millis").pipe(
      Effect.repeat({ until: () => second.stdout().includes("Working") }),
      inTime(20_000)
    )
    const { pid } = second.child
    assert.isDefined(pid)
    const before = performance.now()
    // Send the signal to the traced process, not to strace.
    yield* here.parley(["--version"], { under: ["bash", "-c", `kill -INT $(pgrep -P ${pid}); exec "$@"`, "bash"] })
    const cancelled = yield* second.ended
    promptly(performance.now() - before, 4000)
    assert.strictEqual(cancelled.code, 130, cancelled.stderr)
    yield* post(here, id)
  })
}

const round = roundId(1)
const turn = turnId(round, 1)
const megabyte = "x".repeat(1024 * 1024)
const opening: ReadonlyArray<SessionEvent> = [
  { _tag: "RoundStarted", roundId: round, request: [{ _tag: "Text", text: "Hello" }] },
  { _tag: "TurnStarted", roundId: round, turnId: turn, model: { provider: "demo", model: "demo" } }
]
const large: SessionEvent = {
  _tag: "TurnDelta",
  turnId: turn,
  chunks: [{ _tag: "TextDelta", index: 0, text: megabyte }]
}

export const longReader: Case = {
  id: "S19",
  name: "reported at 64 MB, nothing is lost, and the WAL shrinks when the reader is gone",
  run: Effect.gen(function* () {
    const here = yield* home
    yield* talk(here)
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    const wal = () => statSync(`${here.data}/parley.db-wal`).size
    const id = yield* Effect.gen(function* () {
      const { sessions } = yield* engine(here, { url: "http://127.0.0.1:9" })
      const { id } = yield* sessions.create({})
      const { epoch } = yield* sessions.acquire(id)
      let after = opening.length
      yield* sessions.append(id, { after: 0, epoch }, opening)
      const add = Effect.suspend(() => sessions.append(id, { after: after++, epoch }, [large]))
      const reader = new DatabaseSync(`${here.data}/parley.db`)
      reader.exec("BEGIN; SELECT count(*) FROM events")
      for (let n = 0; n < 60; n++) yield* add
      assert.deepStrictEqual(lines, [])
      for (let n = 0; n < 15; n++) yield* add
      assert.isAbove(wal(), 64 * 1024 * 1024)
      assert.strictEqual(lines.length, 1)
      assert.match(lines[0] ?? "", /parley\.db-wal has grown to 6\d MB: another program has been reading/)
      reader.exec("COMMIT")
      reader.close()
      for (let n = 0; n < 3; n++) yield* add
      assert.isAtMost(wal(), 64 * 1024 * 1024)
      assert.strictEqual((yield* sessions.read(id, 0)).length, after)
      return id
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
    yield* post(here, id)
  })
}

export const copies: Case = {
  id: "S20",
  name: "VACUUM INTO and the backup API make complete copies while rounds run",
  run: Effect.gen(function* () {
    const here = yield* home
    const [id = none] = yield* talk(here, 2)
    const { url } = yield* answering
    const before = stored(here, id)
    const ways: { readonly [way: string]: (db: DatabaseSync, path: string) => Effect.Effect<unknown> } = {
      vacuum: (db, path) => Effect.sync(() => db.prepare("VACUUM INTO ?").run(path)),
      backup: (db, path) => Effect.promise(() => backup(db, path))
    }
    for (const [way, make] of Object.entries(ways)) {
      const copy = yield* machine
      mkdirSync(copy.data, { recursive: true })
      yield* Effect.gen(function* () {
        const { coordinator } = yield* engine(here, { url })
        const rounds = Effect.forever(coordinator.handleMessage({ sessionId: id, request: `During ${way}` }))
        const fiber = yield* Effect.forkChild(rounds, { startImmediately: true })
        yield* Effect.sleep("100 millis")
        const other = new DatabaseSync(`${here.data}/parley.db`)
        yield* make(other, copy.database)
        // The copy still has the lease of the live writer, which does not use the copy.
        const db = new DatabaseSync(copy.database)
        db.exec("UPDATE sessions SET lease_until = 0")
        db.close()
        other.close()
        assert.isUndefined(fiber.pollUnsafe(), "rounds ran all the time")
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.scoped)
      const log = stored(copy, id)
      assert.deepStrictEqual(log.slice(0, before.length), before)
      assert.isAbove(log.length, before.length)
      yield* post(copy, id)
    }
    yield* post(here, id)
  })
}

export const lateCommit: Case = {
  id: "S21",
  name: "uncommitted events are never shown",
  run: Effect.gen(function* () {
    const here = yield* home
    yield* talk(here)
    const { url } = yield* serve({ body: unfinished, last: "hang" })
    const other = new DatabaseSync(`${here.data}/parley.db`)
    const { id, shown } = yield* Effect.gen(function* () {
      const { coordinator, sessions } = yield* engine(here, { url })
      const { id } = yield* sessions.create({ workspace: "/w" })
      // Each delta is accepted when it is inserted, and refused by the commit.
      other.exec(`CREATE TABLE owed (session INTEGER REFERENCES sessions (key) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER sabotage AFTER INSERT ON events WHEN NEW.delta_of IS NOT NULL
        BEGIN INSERT INTO owed VALUES (-1); END`)
      const watcher = yield* coordinator
        .events(id)
        .pipe(
          Stream.interruptWhen(Effect.sleep("1 second")),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
      const error = yield* Effect.flip(coordinator.handleMessage({ sessionId: id, request: "hello" }))
      assert.strictEqual(error._tag, "StorageError")
      assert.match(error.message, /FOREIGN KEY/)
      return { id, shown: yield* Fiber.join(watcher) }
    }).pipe(Effect.scoped)
    assert.deepStrictEqual(
      shown.map(({ event }) => event._tag),
      ["RoundStarted", "ContextBuilt", "TurnStarted"]
    )
    assert.deepStrictEqual(shown, stored(here, id))
    other.exec("DROP TRIGGER sabotage; DROP TABLE owed")
    other.close()
    yield* post(here, id)
  })
}
