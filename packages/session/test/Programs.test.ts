import { ProgramRunner, Programs } from "@parley/testing"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { engine, limits } from "./Engine.ts"

it.effect.prop(
  "any program keeps every invariant and does what the reference model says",
  [Programs.arbitrary],
  ([program]) =>
    Effect.map(ProgramRunner.run(program, engine, limits), ({ violations }) => {
      assert.deepStrictEqual(violations, [], violations.join("; "))
    }).pipe(Effect.provide(SessionManager.layerMemory, { local: true })),
  { arbitrary: { runs: 1000 }, timeout: 300_000 }
)
