import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { ofRound, type Phase, runOf, serversOf, startUp } from "./phases.ts"
import { noChildren, postconditions } from "./support/after.ts"
import { world } from "./support/world.ts"

/**
 * Milliseconds from the second Ctrl-C to the end of the process. The catalogue says 100; `pnpm cancel` asserts that, on a
 * quiet machine. The orderly end would need 1500 here, because of the deaf server.
 */
const bound = 1000

/** Between two presses of a person in a hurry; less than 50 ms apart they count as one. */
const between = Effect.sleep(120)

/** An orderly end hangs here: neither the server nor its child leaves for less than SIGKILL. */
const twice = (phase: Phase) =>
  Effect.gen(function* () {
    const here = yield* world(serversOf(phase, true))
    const running = yield* here.spawn(runOf(phase))
    yield* phase.reached(here, running)
    running.child.kill("SIGINT")
    yield* between
    const at = performance.now()
    running.child.kill("SIGINT")
    const ended = yield* running.ended
    assert.strictEqual(ended.status, 130, ended.stderr)
    assert.isBelow(ended.at - at, bound)
    yield* noChildren(here)
    yield* postconditions(here, ended.stdout + ended.stderr)
  })

const atPrompt = Effect.gen(function* () {
  const here = yield* world({ server: ["deaf"] })
  const running = yield* here.terminal(["chat"])
  yield* running.shows(/> [^\n]*$/)
  yield* running.type("\u0003")
  yield* running.shows("Ctrl-C once more")
  yield* between
  const at = performance.now()
  yield* running.type("\u0003")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 130, ended.stdout)
  assert.isBelow(ended.at - at, bound)
  yield* postconditions(here, ended.stdout)
})

/** U02: a second SIGINT soon after the first ends the process at once, and everything it has started. */
export const insists: ReadonlyArray<Case> = [
  ...[startUp, ...ofRound].map((phase) => ({ id: "U02", name: phase.name, run: twice(phase) })),
  { id: "U02", name: "at the prompt, waiting for a line", run: atPrompt }
]
