import { appendFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomJobs } from "../scripts/crash/random.ts"
import { add, afterDeath, none, start } from "../scripts/crash/rounds.ts"
import { needed, placeAt, prepared, quiet } from "./crash/places.ts"

// The crash harness's own test: it reports what is planted, and nothing else.

it.live("random instants are reached", () =>
  Effect.gen(function* () {
    const place = yield* prepared
    const jobs = yield* Effect.promise(() => randomJobs(place, [needed("text, first start")], 3, 11))
    for (const job of jobs) yield* quiet(place, job)
  })
)

it.live("finds nothing where nothing is planted, and what is planted", () =>
  Effect.gen(function* () {
    const place = yield* prepared
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
    const early = ["--import", join(import.meta.dirname, "crash/early.mjs")]
    const place = yield* placeAt([...early, resolve(import.meta.dirname, "../packages/cli/src/main.ts")])
    const instant = { killAt: { step: 1, millis: 0 } }
    const life = yield* Effect.promise(() => start(place, needed("text, first start"), instant))
    assert.strictEqual(life.signal, "SIGKILL", life.stderr)
    assert.match(afterDeath(place, life).lost?.join("\n") ?? "", /^RoundStarted 1 was shown and is not stored$/)
  })
)
