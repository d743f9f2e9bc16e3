import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { until } from "../user/support/until.ts"
import { one, type Scenario, variant } from "./kit.ts"
import { ended, starts } from "./look.ts"
import { noted, type Script } from "./support/script.ts"
import { promptly } from "../../packages/os/test/support/promptly.ts"

const limits = { timeoutMillis: 600, maxTimeoutMillis: 2000 }

/** A call that hangs ends when its time is over, the server is told, and one that stays deaf is started anew. */
const hanging = (name: string, script: Script, limit: string, lives: number): Case => {
  const options: Scenario["options"] = () => ({ hearing: "300 millis" })
  return variant("M07", name, {
    servers: (here) => ({ s: { ...one(script)(here).s, ...limits } }),
    options,
    turns: [["s__act"]],
    afterwards: ({ home, manager }) =>
      Effect.gen(function* () {
        yield* until("it has as many lives as it should", () => starts(noted(home)) === lives)
        const { content } = yield* manager.call("s__echo", { n: 1 }, { idempotencyKey: "another" })
        assert.strictEqual(textOf(content), '{"n":1}')
      }),
    look: (seen) => {
      ended(`Unknown: no answer within ${limit}`)(seen)
      assert.isTrue(seen.notes.some(({ method }) => method === "notifications/cancelled"))
      assert.strictEqual(starts(seen.notes), lives)
      promptly(seen.millis, 12_000)
      if (lives === 1) return
      assert.strictEqual(seen.statuses["s"]?.state, "ready")
      assert.match(seen.statuses["s"]?.lastProblem ?? "", /does not answer any more since a call was cancelled/)
    }
  })
}

const progress = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$token,"progress":1}}'

export const hangs: ReadonlyArray<Case> = [
  hanging("no answer, to this call and to whatever comes after it", { calls: { act: [] }, ping: [] }, "0.6 s", 2),
  // Each report gives it more time, and all of them together no more than the most that a call may take.
  hanging("nothing but progress", { calls: { act: [["drip", progress, 100, 200]] } }, "2 s", 1),
  hanging("a line that is begun", { calls: { act: [["raw", '{"jsonrpc":"2.0","id":$id,"result":{']] } }, "0.6 s", 2)
]
