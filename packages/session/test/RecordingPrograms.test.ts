import { Arbitraries, Scripts, SlowSessions } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Fiber } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { bytesOf, recordedWorld, replay } from "./support/Taped.ts"
import { log, send, sessionId, timePasses, watched } from "./World.ts"

const script = Arbitrary.schema(Arbitraries.Script)
const interruption = Arbitrary.schema(Arbitraries.Interruption)
const disk = Arbitrary.schema(Arbitraries.DiskSteps)

it.effect.prop(
  "any script, interrupted or cancelled at any step, is replayed with the same log byte for byte",
  [script, interruption, disk, Arbitrary.schema(Arbitraries.DiskSteps)],
  ([script, steps, disk, choice]) =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const turns = [1, 2, 3].flatMap(() => Scripts.turns(script))
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        yield* timePasses
        const coordinator = yield* SessionCoordinator
        const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
        for (let i = 0; i < steps * 4; i++) yield* Effect.yieldNow
        if (choice % 3 === 0) yield* Fiber.interrupt(fiber)
        if (choice % 3 === 1) yield* coordinator.cancel(sessionId)
        yield* Fiber.await(fiber)
        yield* Effect.exit(send("and now?"))
        return yield* log
      }).pipe(
        Effect.scoped,
        Effect.provide(recordedWorld(turns, written, Scripts.tools, SlowSessions.layer(disk)), { local: true })
      )
      const { log: replayed, report } = yield* replay(written)
      assert.strictEqual(report.difference, undefined)
      assert.strictEqual(report.played, report.steps)
      assert.strictEqual(bytesOf(replayed), bytesOf(recorded))
    }),
  { arbitrary: { runs: 60 } }
)
