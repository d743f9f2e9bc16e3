import { appendFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { half } from "../scripts/crash/check.ts"
import { failAt } from "../scripts/crash/faults.ts"
import { killAt } from "../scripts/crash/kills.ts"
import { randomJobs } from "../scripts/crash/random.ts"
import { roundId, SessionId } from "../packages/domain/src/Ids.ts"
import type { LogEntry } from "../packages/domain/src/SessionEvent.ts"
import { fresh } from "../packages/domain/src/SessionInfo.ts"
import { add, afterDeath, none, start } from "../scripts/crash/rounds.ts"
import { empty, needed, placeAt, quiet } from "./crash/places.ts"
import { missing } from "../packages/harness/src/disk/needs.ts"

// Tests the crash harness itself: it reports planted bugs, and nothing else.

it.live("random instants are reached", () =>
  Effect.gen(function* () {
    const place = yield* empty
    const jobs = yield* Effect.promise(() => randomJobs(place, [needed("text, first start")], 3, 11))
    for (const job of jobs) yield* quiet(place, job)
  })
)

it.live.skipIf(missing(["strace"]).length > 0)("a point that is not reached is reported as missed", () =>
  Effect.gen(function* () {
    const place = yield* empty
    const never = { call: "fsync", k: 9999, draft: false }
    const round = needed("cancelled")
    for (const job of [killAt(round, never), failAt(round, never, "EIO", "+")]) {
      const { reached, verdict } = yield* Effect.promise(() => job.run(place))
      assert.deepStrictEqual([reached, verdict], [false, none], job.name)
    }
  })
)

it.live("finds no problem in a correct store, and finds planted bugs", () =>
  Effect.gen(function* () {
    const place = yield* empty
    const round = needed("three tools")
    const life = yield* Effect.promise(() => start(place, round))
    assert.deepStrictEqual(add(none, afterDeath(place, life, round)), none)
    const plants = [
      ["UPDATE events SET at = at + 1 WHERE seq = 1", "lost", /^RoundStarted 1 was shown and is not stored$/m],
      ["DELETE FROM events WHERE body LIKE '%ToolStarted%'", "broken", /ran unrecorded$/m],
      ["DELETE FROM events WHERE body LIKE '%RoundCompleted%'", "lost", /^RoundCompleted \d+ was shown and is not/m]
    ] as const
    for (const [sql, kind, words] of plants) {
      const database = new DatabaseSync(join(place.data, "parley.db"))
      assert.isAbove(Number(database.prepare(sql).run().changes), 0)
      database.close()
      assert.match(afterDeath(place, life, round)[kind]?.join("\n") ?? "", words)
    }
    appendFileSync(place.effectsFile, `${place.effects()[0]}\n`)
    assert.match(afterDeath(place, life, round).twice?.join("\n") ?? "", /ran twice$/)
  })
)

it("finds an undo and a fork that were reported and are not stored, or are stored in part", () => {
  const entry = (seq: number, event: LogEntry["event"]): LogEntry => ({ seq, at: 0, event })
  const id = SessionId.make("a")
  const info = fresh(id, 0, {})
  const [r1] = [roundId(1)]
  const began = entry(1, { _tag: "RoundStarted", roundId: r1, request: [] })
  const ended = entry(2, { _tag: "RoundCancelled", roundId: r1 })
  const undone = entry(3, { _tag: "RoundsUndone", rounds: [r1] })
  const forked = entry(3, { _tag: "Forked", origin: id })
  const origin = { id, info, log: [began, ended] }
  const fork = (...log: ReadonlyArray<LogEntry>) => ({ id: "b", info, log })
  const [silent, told] = [
    { stdout: "", stderr: "" },
    { stdout: "ses_b\n", stderr: "Undone: r1" }
  ]
  assert.isEmpty(half("undo", silent, [origin]))
  assert.isEmpty(half("undo", told, [{ ...origin, log: [began, ended, undone] }]))
  assert.deepStrictEqual(half("undo", told, [origin]), ["an undo was reported and is not stored"])
  assert.isEmpty(half("fork", silent, [origin]))
  assert.isEmpty(half("fork", told, [origin, fork(began, ended, forked)]))
  assert.deepStrictEqual(half("fork", told, [origin]), ["a fork was reported and is not stored"])
  for (const part of [fork(began, ended), fork(began, forked), fork(forked)])
    assert.deepStrictEqual(half("fork", silent, [origin, part]), ["a fork is incomplete"])
})

it.live("reports a store that acknowledges before it commits", () =>
  Effect.gen(function* () {
    const early = ["--import", `${pathToFileURL(join(import.meta.dirname, "crash/plant.mjs")).href}?early`]
    const place = yield* placeAt([...early, resolve(import.meta.dirname, "../packages/cli/src/main.ts")])
    // The first event is shown only after its message was accepted, which waits for the commit.
    const instant = { killAt: { step: 2, millis: 0 } }
    const round = needed("text, first start")
    const life = yield* Effect.promise(() => start(place, round, instant))
    assert.strictEqual(life.signal, "SIGKILL", life.stderr)
    assert.match(afterDeath(place, life, round).lost?.join("\n") ?? "", /^ContextBuilt 2 was shown and is not stored$/)
  })
)
