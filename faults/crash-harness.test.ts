import { appendFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { failAt } from "../scripts/crash/faults.ts"
import { killAt } from "../scripts/crash/kills.ts"
import { randomJobs } from "../scripts/crash/random.ts"
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
    const life = yield* Effect.promise(() => start(place, needed("three tools")))
    assert.deepStrictEqual(add(none, afterDeath(place, life)), none)
    const plants = [
      ["UPDATE events SET at = at + 1 WHERE seq = 1", "lost", /^RoundStarted 1 was shown and is not stored$/m],
      ["DELETE FROM events WHERE body LIKE '%ToolStarted%'", "broken", /ran unrecorded$/m],
      ["DELETE FROM events WHERE body LIKE '%RoundCompleted%'", "lost", /^RoundCompleted \d+ was shown and is not/m]
    ] as const
    for (const [sql, kind, words] of plants) {
      const database = new DatabaseSync(join(place.data, "parley.db"))
      assert.isAbove(Number(database.prepare(sql).run().changes), 0)
      database.close()
      assert.match(afterDeath(place, life)[kind]?.join("\n") ?? "", words)
    }
    appendFileSync(place.effectsFile, `${place.effects()[0]}\n`)
    assert.match(afterDeath(place, life).twice?.join("\n") ?? "", /ran twice$/)
  })
)

it.live("reports a store that acknowledges before it commits", () =>
  Effect.gen(function* () {
    const early = ["--import", `${pathToFileURL(join(import.meta.dirname, "crash/plant.mjs")).href}?early`]
    const place = yield* placeAt([...early, resolve(import.meta.dirname, "../packages/cli/src/main.ts")])
    // The first event is shown only after its message was accepted, which waits for the commit.
    const instant = { killAt: { step: 2, millis: 0 } }
    const life = yield* Effect.promise(() => start(place, needed("text, first start"), instant))
    assert.strictEqual(life.signal, "SIGKILL", life.stderr)
    assert.match(afterDeath(place, life).lost?.join("\n") ?? "", /^ContextBuilt 2 was shown and is not stored$/)
  })
)
