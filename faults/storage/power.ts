import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { type LogEntry, needsBarrier } from "@parley/domain/SessionEvent"
import { Effect, Fiber, Stream } from "effect"
import type { Case } from "../suite.ts"
import { engine, home } from "../support/home.ts"
import { post, stored } from "../support/post.ts"
import { bytes, image, type Machine, refused } from "./machine.ts"
import { answering, refusal, talk } from "./talk.ts"

/** A database as it was while it was written, and what had been promised by then. */
interface Moment {
  readonly here: Machine
  readonly id: SessionId
  readonly log: ReadonlyArray<LogEntry>
  /** For each fact that was acknowledged behind a barrier: how long the log was then, at most. */
  readonly barriers: ReadonlyArray<{ readonly seq: number; readonly size: number }>
}

/** Two rounds behind a database that holds two already; nothing of them has been moved from the log to the file yet. */
const moment = Effect.gen(function* () {
  const from = yield* home
  yield* talk(from, 2)
  const { url } = yield* answering
  const { coordinator, sessions } = yield* engine(from, { url })
  const { id } = yield* sessions.create({ workspace: "/w" })
  const wal = `${from.data}/parley.db-wal`
  const watcher = yield* coordinator.events(id).pipe(
    Stream.map(({ event, seq }) => ({ seq, size: statSync(wal).size, barrier: needsBarrier(event) })),
    Stream.takeUntil(({ seq }) => seq === 10),
    Stream.runCollect,
    Effect.forkChild({ startImmediately: true })
  )
  for (const request of ["One", "Two"]) yield* coordinator.handleMessage({ sessionId: id, request })
  const seen = yield* Fiber.join(watcher)
  const here = yield* image(from)
  const log = stored(here, id)
  return { here, id, log, barriers: seen.filter(({ barrier }) => barrier) } satisfies Moment
})

const walOf = ({ database }: Machine): string => `${database}-wal`

/** What an image holds is a beginning of what was stored, and all that had been promised when its log was `size` long. */
const keeps = ({ barriers, id, log }: Moment, left: Machine, size: number): void => {
  const after = stored(left, id)
  const head = after.at(-1)?.seq ?? 0
  const lasting = (entries: ReadonlyArray<LogEntry>) => entries.filter(({ event }) => event._tag !== "TurnDelta")
  assert.deepStrictEqual(
    lasting(after),
    lasting(log).filter(({ seq }) => seq <= head)
  )
  for (const barrier of barriers) if (barrier.size <= size) assert.isAtLeast(head, barrier.seq, "a promise was broken")
}

const header = 32
const frame = 24 + 4096
const frames = (size: number) => Math.floor((size - header) / frame)

/** The same database, anew for each cut. */
const again = (from: Moment, left: Machine, change: (wal: string) => void): void => {
  rmSync(`${left.database}-shm`, { force: true })
  for (const end of ["", "-wal"]) copyFileSync(from.here.database + end, left.database + end)
  change(walOf(left))
}

/** The leases of a machine that lost its power run out; here the machine goes on, and its processes seem to be alive. */
const expire = ({ database }: Machine): void => {
  const db = new DatabaseSync(database)
  db.exec("UPDATE sessions SET lease_until = 0")
  db.close()
}

/** Each cut is judged as it lies; an open round among them, and the last, must also be gone on with. */
const cuts = (name: string, change: (wal: string, position: number) => void): Case => ({
  id: "S03",
  name,
  run: Effect.gen(function* () {
    const from = yield* moment
    const total = statSync(walOf(from.here)).size
    assert.isAtLeast(frames(total), 20)
    const left = yield* image(from.here)
    for (let n = 0; n <= frames(total); n++) {
      const position = header + n * frame
      again(from, left, (wal) => change(wal, position))
      keeps(from, left, position)
      if (stored(left, from.id).length > 0 && n % 8 === 0) {
        expire(left)
        yield* post(left, from.id)
      }
    }
    again(from, left, () => {})
    expire(left)
    yield* post(left, from.id)
  })
})

const garble = (wal: string, position: number): void => {
  const content = readFileSync(wal)
  for (let i = position; i < content.length; i++) content[i] = (i * 31 + 7) % 256
  writeFileSync(wal, content)
}

const zero = (wal: string, position: number): void => {
  const content = readFileSync(wal)
  writeFileSync(wal, content.fill(0, position))
}

const index: Case = {
  id: "S03",
  name: "without the -shm",
  run: Effect.gen(function* () {
    const from = yield* moment
    rmSync(`${from.here.database}-shm`)
    keeps(from, from.here, Infinity)
    yield* post(from.here, from.id)
  })
}

const log: Case = {
  id: "S03",
  name: "without the -wal, which is missed",
  run: Effect.gen(function* () {
    const { here } = yield* moment
    rmSync(walOf(here))
    const before = bytes(here.data)
    const error = yield* refusal(here)
    assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt" })
    refused(yield* here.parley(["sessions", "list"]), here.database, /parley\.db-wal is missing/)
    assert.deepStrictEqual(bytes(here.data), before)
  })
}

const foreign: Case = {
  id: "S03",
  name: "with the -wal of another database",
  run: Effect.gen(function* () {
    const mine = yield* moment
    const theirs = yield* moment
    const own = readFileSync(walOf(mine.here))
    copyFileSync(walOf(theirs.here), walOf(mine.here))
    rmSync(`${mine.here.database}-shm`)
    const before = bytes(mine.here.data)
    const error = yield* refusal(mine.here)
    assert.deepInclude(error, { _tag: "StorageError", reason: "Corrupt" })
    refused(
      yield* mine.here.parley(["run", "hello"]),
      mine.here.database,
      /belongs to another database|malformed|damaged/
    )
    assert.deepStrictEqual(bytes(mine.here.data), before)
    // With its own log, all is there.
    writeFileSync(walOf(mine.here), own)
    rmSync(`${mine.here.database}-shm`, { force: true })
    keeps(mine, mine.here, Infinity)
    yield* post(mine.here, mine.id)
  })
}

export const power: ReadonlyArray<Case> = [
  cuts("the log ends at any frame", truncateSync),
  cuts("the log is garbled from any frame on", garble),
  cuts("what was not synced of the log is zeros", zero),
  index,
  log,
  foreign
]
