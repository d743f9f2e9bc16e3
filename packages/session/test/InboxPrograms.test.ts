import { env } from "node:process"
import { InboxPrograms, InboxRunner } from "@parley/testing"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { engine, limits } from "./Engine.ts"

/** A bug that only a rare program meets is looked for longer: `pnpm mutants` says how much. */
const runs = 300 * Number(env["PARLEY_RUNS"] ?? 1)

it.effect.prop(
  "a message of the inbox is delivered once, in order, and not lost, whatever its processes do",
  [InboxPrograms.arbitrary],
  ([program]) =>
    Effect.map(InboxRunner.run(program, engine, limits), (violations) =>
      assert.deepStrictEqual(violations, [], violations.join("; "))
    ).pipe(Effect.provide(SessionManager.layerMemory, { local: true })),
  { arbitrary: { runs } }
)
