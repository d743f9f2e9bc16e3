import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { CompactionSettings } from "@parley/session/CompactionSettings"
import { defaults, Limits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { ProgramRunner, Programs } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

const limits = { turns: 4, toolConcurrency: 3, retries: 2 }
const patient = { firstChunkMillis: 1e9, idleMillis: 1e9, turnMillis: 1e9 }
const engine: ProgramRunner.MakeEngine = Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
  Effect.map((built) => Context.get(built, SessionCoordinator)),
  Effect.provideService(CompactionSettings, { auto: false }),
  Effect.provideService(Limits, { ...defaults, ...limits, ...patient, messageBytes: 1000, identicalCalls: 1000 })
)
/** Your own managers; those that you leave out follow the program. */
const managers = PromptManager.layerMemory({ instructions: "Be brief." })

it.effect.prop(
  "any program keeps every invariant and does what the reference model says",
  [Programs.arbitrary],
  ([program]) =>
    Effect.map(ProgramRunner.run(program, engine, limits, { managers }), ({ violations }) =>
      assert.deepStrictEqual(violations, [], violations.join("; "))
    ).pipe(Effect.provide(SessionManager.layerMemory, { local: true })),
  { arbitrary: { runs: 50 } }
)
