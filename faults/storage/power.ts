import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { Effect } from "effect"
import { barriers } from "../../packages/harness/src/sessions/barriers.ts"
import { Disk } from "../../scripts/powerloss/disk.ts"
import { generator } from "../../scripts/generator.ts"
import { lay, sessionId, wrong } from "../../scripts/powerloss/judge.ts"
import { imageOf, type LossName } from "../../scripts/powerloss/losses.ts"
import { promised, record } from "../../scripts/powerloss/record.ts"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"
import { bytes, image, type Machine, machine, refused } from "./machine.ts"
import { answering, refusal, talk } from "./talk.ts"

/** A copy of a database that was made while it was in use. */
interface Moment {
  readonly here: Machine
  readonly id: SessionId
  readonly log: ReadonlyArray<LogEntry>
}

/** A database with two checkpointed rounds, and two more rounds that are only in the WAL. */
const moment = Effect.gen(function* () {
  const from = yield* home
  yield* talk(from, 2)
  const { url } = yield* answering
  const { coordinator, sessions } = yield* engine(from, { url })
  const { id } = yield* sessions.create({ workspace: "/w" })
  for (const request of ["One", "Two"]) yield* coordinator.handleMessage({ sessionId: id, request })
  const here = yield* image(from)
  return { here, id, log: stored(here, id) } satisfies Moment
})

const promises = Object.entries(barriers).flatMap(([tag, needed]) => (needed ? [tag] : []))

const walOf = ({ database }: Machine): string => `${database}-wal`

/** Asserts that only deltas may be lost. */
const keeps = ({ here, id, log }: Moment): void => {
  const lasting = (entries: ReadonlyArray<LogEntry>) => entries.filter(({ event }) => event._tag !== "TurnDelta")
  assert.isAbove(log.length, 0)
  assert.deepStrictEqual(lasting(stored(here, id)), lasting(log))
}

/**
 * The power is lost after any call with which processes changed the database: see `pnpm powerloss`. Synced data is kept, and
 * of the other data what `loss` leaves. Two databases are then used again: the first one with events, and the last one.
 */
const lost = (name: string, loss: LossName): Case => ({
  id: "S03",
  name,
  needs: ["strace"],
  run: Effect.gen(function* () {
    const here = yield* machine
    const recording = record(join(here.root, "live"), 1, ["dies", "reads", "dies"])
    const random = generator(1)
    const disk = new Disk()
    const kinds = new Set<string>()
    let rest = 0
    for (const [i, op] of recording.ops.entries()) {
      disk.do(op)
      if (op._tag === "Write" && recording.ops[i + 1]?._tag === "Write") continue
      lay(here.data, imageOf(disk, loss, random, loss === "nothing of it is there"))
      const log = stored(here, sessionId)
      assert.deepStrictEqual(wrong(recording, disk.told, log), [], `after call ${i + 1} of ${recording.ops.length}`)
      kinds.add(promised(recording, disk.told)?.event._tag ?? "")
      if (log.length === 0 || rest++ % 60 > 0) continue
      yield* post(here, sessionId)
    }
    lay(here.data, imageOf(disk, loss, random))
    yield* post(here, sessionId)
    // Each acknowledged barrier event was the last one at some moment.
    assert.deepStrictEqual([...kinds].sort(), ["", ...promises].sort())
  })
})

const index: Case = {
  id: "S03",
  name: "without the -shm",
  run: Effect.gen(function* () {
    const from = yield* moment
    rmSync(`${from.here.database}-shm`)
    keeps(from)
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
    // With its own WAL, everything is there.
    writeFileSync(walOf(mine.here), own)
    rmSync(`${mine.here.database}-shm`, { force: true })
    keeps(mine)
    yield* post(mine.here, mine.id)
  })
}

export const power: ReadonlyArray<Case> = [
  lost("what was not synced is not there", "nothing of it is there"),
  lost("what was not synced is something else", "something else is there, and the file has grown"),
  lost("what was not synced is zeros", "zeros are there, and the file has grown"),
  index,
  log,
  foreign
]
