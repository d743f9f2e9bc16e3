import { env } from "node:process"
import { ProgramRunner, Programs } from "@parley/testing"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { engine, limits } from "./Engine.ts"

/** A bug that only a rare program meets is looked for longer: `pnpm mutants` says how much. */
const runs = 1000 * Number(env["PARLEY_RUNS"] ?? 1)

it.effect.prop(
  "any program keeps every invariant and does what the reference model says",
  [Programs.arbitrary],
  ([program]) =>
    Effect.map(ProgramRunner.run(program, engine, limits), ({ findings, violations }) => {
      assert.deepStrictEqual(violations, [], violations.join("; "))
      assert.deepStrictEqual(findings.unchecked, [])
    }).pipe(Effect.provide(SessionManager.layerMemory, { local: true })),
  { arbitrary: { runs } }
)

it.effect.prop(
  "any program about questions does too: two processes answer, continue rounds and die",
  [Programs.aboutQuestions],
  ([program]) =>
    Effect.map(ProgramRunner.run(program, engine, limits), ({ findings, violations }) => {
      assert.deepStrictEqual(violations, [], violations.join("; "))
      assert.deepStrictEqual(findings.unchecked, [])
    }).pipe(Effect.provide(SessionManager.layerMemory, { local: true })),
  { arbitrary: { runs: 0.4 * runs } }
)
