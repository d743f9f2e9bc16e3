import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { failAt } from "../scripts/crash/faults.ts"
import { killAt } from "../scripts/crash/kills.ts"
import type { Place } from "../scripts/crash/place.ts"
import { pointsOf } from "../scripts/crash/points.ts"
import { rounds } from "../scripts/crash/rounds.ts"
import { prepared, quiet } from "./crash/places.ts"
import { missing } from "../packages/harness/src/disk/needs.ts"

class Sample extends Context.Service<Sample, Place>()("@parley/faults/crash.test/Sample") {}

// A sample of `pnpm crash`, so that the harness keeps working with the current code.
it.layer(Layer.effect(Sample, prepared), { excludeTestServices: true, timeout: "15 minutes" })(
  "a few points of each round",
  (it) => {
    for (const [i, round] of rounds.entries())
      it.effect.skipIf(missing(["strace"]).length > 0)(round.name, () =>
        Effect.gen(function* () {
          const place = yield* Sample
          const points = yield* Effect.promise(() => pointsOf(place, round))
          // A command that changes a session makes one commit, a round many.
          assert.isAbove(points.length, round.command === undefined ? 60 : 8)
          // Each round is sampled at different points, so that the samples together cover all parts of a round.
          const at = points[Math.floor((points.length * (2 * i + 1)) / (2 * rounds.length))]
          if (at === undefined) return assert.fail("there is no such point")
          yield* quiet(place, killAt(round, at))
          if (i === 1) yield* quiet(place, failAt(round, at, "EIO", ""))
          if (i === 5) yield* quiet(place, failAt(round, at, "ENOSPC", "+"))
        })
      )
  }
)
