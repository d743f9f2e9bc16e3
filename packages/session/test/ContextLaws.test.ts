import { env } from "node:process"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ContextLaws from "./support/ContextLaws.ts"
import { arbitrary } from "./support/ContextWorld.ts"

/** `pnpm programs --laws` runs many more. */
const runs = 300 * Number(env["PARLEY_RUNS"] ?? 1)

it.effect.prop(
  "laws of context: byte-identical prefix, latest content last, one order everywhere, everything derived from the log",
  [arbitrary],
  ([program]) =>
    Effect.map(ContextLaws.run(program), ({ findings, violations }) => {
      assert.deepStrictEqual(violations, [], violations.join("; "))
      assert.deepStrictEqual(findings.unchecked, [])
    }).pipe(Effect.provide(SessionManager.layerMemory, { local: true })),
  { arbitrary: { runs } }
)
