import { assert, it } from "@effect/vitest"
import { defaultRestartPolicy } from "../src/RestartPolicy.ts"
import { initial, type ServerState, transition } from "../src/ServerState.ts"

it("a server that is started anew by hand has nothing counted against it", () => {
  const past = { ...initial.past, deaths: [1, 2, 3], restarts: 3, lastProblem: "it exited" }
  const failed: ServerState = { _tag: "Failed", past, problem: "it exited" }
  assert.deepStrictEqual(transition(defaultRestartPolicy, failed, { _tag: "Renewed" }), initial)
})
