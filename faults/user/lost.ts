import { assert } from "@effect/vitest"
import { join } from "node:path"
import process from "node:process"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { postconditions, tagsOf } from "./support/after.ts"
import { start } from "../../packages/harness/src/user/running.ts"
import { lives, noChildren } from "../../packages/harness/src/user/processes.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { world } from "../../packages/harness/src/user/world.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

/** An editor is killed while its `parley chat` waits for the model and writes nothing, so that no write fails. */
const parentKilled = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const parent = yield* start(
    process.execPath,
    [join(import.meta.dirname, "support/parent.mjs"), ...here.command, "chat"],
    { cwd: here.workspace, env: here.env }
  )
  yield* until("the model was asked", () => here.model.held() > 0, parent.output)
  const pid = Number(parent.output())
  assert.isTrue(lives(pid))
  const at = performance.now()
  parent.child.kill("SIGKILL")
  yield* until("the command is gone", () => !lives(pid))
  promptly(performance.now() - at, 5000)
  assert.strictEqual(tagsOf(here).at(-1), "RoundCancelled")
  yield* postconditions(here, "")
})

/** SIGKILL, as the kernel sends it when memory runs out. */
const killed = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.spawn(["run", "phase:text"])
  yield* running.shows("Half")
  running.child.kill("SIGKILL")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 137)
  assert.notInclude(tagsOf(here), "RoundCancelled", "nothing was left to close its round")
  // The server sees the end of its input. No process is left that could end the child it leaves behind.
  const [server = 0, grandchild = 0] = here.noted().flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  yield* until("the server is gone", () => !lives(server))
  if (lives(grandchild)) process.kill(grandchild, "SIGKILL")
  yield* noChildren(here)
  yield* postconditions(here, ended.stdout + ended.stderr)
})

/** An endless response with a heap of 64 MB. V8 determines how running out of memory is reported. */
const heap = Effect.gen(function* () {
  const here = yield* world()
  const running = yield* here.spawn(["run", "--format", "json", "phase:flood"], {
    env: { NODE_OPTIONS: "--max-old-space-size=64" }
  })
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 134, `ended otherwise than by abort(): ${ended.stderr.slice(-300)}`)
  yield* postconditions(here, "")
})

/** U13 and U14: the process ends without a chance to react. */
export const lost: ReadonlyArray<Case> = [
  { id: "U13", name: "its parent is killed", run: parentKilled },
  { id: "U14", name: "it is killed, as when memory runs out", run: killed },
  { id: "U14", name: "--max-old-space-size=64", run: heap }
]
