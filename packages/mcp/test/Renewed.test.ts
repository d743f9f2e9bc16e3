import { assert, it } from "@effect/vitest"
import { defaultRestartPolicy } from "../src/server/RestartPolicy.ts"
import { initial, type ServerState, transition } from "../src/server/ServerState.ts"

it("a manual restart of a server resets its deaths and restarts", () => {
  const past = { ...initial.past, deaths: [1, 2, 3], restarts: 3, lastProblem: "it exited" }
  const failed: ServerState = { _tag: "Failed", past, problem: "it exited" }
  assert.deepStrictEqual(transition(defaultRestartPolicy, failed, { _tag: "Renewed" }), initial)
})
