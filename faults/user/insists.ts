import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { ofRound, type Phase, runInto, serves, serversOf, startUp } from "../../packages/harness/src/user/phases.ts"
import { postconditions } from "./support/after.ts"
import type { Running } from "../../packages/harness/src/user/running.ts"
import { noChildren } from "../../packages/harness/src/user/processes.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { sane, watched, world } from "../../packages/harness/src/user/world.ts"

/**
 * Milliseconds from the second Ctrl-C to the end of the process. The catalogue requires 100; `pnpm cancel` asserts that on
 * an idle machine. An orderly shutdown would take 1200 more here, because of the deaf server.
 */
const bound = 800

/** Waits for the effect of the first Ctrl-C, as a person would. On a busy machine, two presses could arrive as one. */
const taken = ({ child, shows }: Running) =>
  Effect.raceFirst(
    shows("another Ctrl-C ends at once"),
    until("it has ended", () => child.exitCode !== null)
  )

/** An orderly shutdown hangs here: neither the server nor its child ends before SIGKILL. */
const twice = (phase: Phase) =>
  Effect.gen(function* () {
    const here = yield* world(serversOf(phase, true))
    const running = yield* runInto(here, phase)
    running.child.kill("SIGINT")
    yield* taken(running)
    const at = performance.now()
    running.child.kill("SIGINT")
    const ended = yield* running.ended
    assert.strictEqual(ended.status, 130, ended.stderr)
    assert.isBelow(ended.at - at, bound)
    yield* noChildren(here)
    yield* postconditions(here, ended.stdout + ended.stderr)
  })

/** In `chat`, where the line editor controls the terminal. */
const inChat = (message: string | undefined) =>
  Effect.gen(function* () {
    const here = yield* world({ server: ["deaf"] })
    const running = yield* here.terminal(["chat"], { wrap: watched })
    yield* running.shows(/> [^\n]*$/)
    yield* serves(here)
    if (message !== undefined) {
      yield* running.type(`${message}\r`)
      yield* until("the model was asked", () => here.model.held() > 0, running.output)
    }
    yield* running.type("\u0003")
    yield* running.shows(message === undefined ? "press Ctrl-C again" : "parley: cancelled")
    // A second Ctrl-C within 50 ms would count as the same press.
    yield* Effect.sleep(60)
    const at = performance.now()
    yield* running.type("\u0003")
    const ended = yield* running.ended
    assert.strictEqual(ended.status, 130, ended.stdout)
    assert.isBelow(ended.at - at, bound)
    assert.match(ended.stdout, sane)
    yield* noChildren(here)
    yield* postconditions(here, ended.stdout)
  })

/** U02: a second SIGINT soon after the first immediately ends the process and everything it has started. */
export const insists: ReadonlyArray<Case> = [
  ...[startUp, ...ofRound].map((phase) => ({ id: "U02", name: phase.name, run: twice(phase) })),
  {
    id: "U02",
    name: "at the prompt, waiting for a line, and in a round of a conversation",
    run: Effect.andThen(Effect.scoped(inChat(undefined)), Effect.scoped(inChat("phase:headers")))
  }
]
