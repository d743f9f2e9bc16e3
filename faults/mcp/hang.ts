import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { one, type Scenario, variant } from "./kit.ts"
import { ended, starts } from "./look.ts"
import { noted, type Script } from "./support/script.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const limits = { timeoutMillis: 600, maxTimeoutMillis: 2000 }

/** A hanging call ends with a timeout, the server is notified, and a server that stays unresponsive is restarted. */
const hanging = (name: string, script: Script, limit: string, lives: number): Case => {
  const options: Scenario["options"] = () => ({ pingTimeout: "300 millis" })
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
  // Each progress report extends the timeout, but only up to the maximum duration of a call.
  hanging("nothing but progress", { calls: { act: [["drip", progress, 100, 200]] } }, "2 s", 1),
  hanging("a line that is begun", { calls: { act: [["raw", '{"jsonrpc":"2.0","id":$id,"result":{']] } }, "0.6 s", 2)
]
