import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { ofRound, type Phase, runOf, serves, serversOf, startUp } from "./phases.ts"
import { postconditions } from "./support/after.ts"
import type { Running } from "./support/running.ts"
import { noChildren } from "./support/processes.ts"
import { until } from "./support/until.ts"
import { sane, watched, world } from "./support/world.ts"

/**
 * Milliseconds from the second Ctrl-C to the end of the process. The catalogue says 100; `pnpm cancel` asserts that, on a
 * quiet machine. The orderly end would need 1200 more here, because of the deaf server.
 */
const bound = 800

/** Two presses on a busy machine may come as one: a person looks what the first has done. */
const taken = ({ child, shows }: Running) =>
  Effect.raceFirst(
    shows("Ctrl-C again ends it at once"),
    until("it has ended", () => child.exitCode !== null)
  )

/** An orderly end hangs here: neither the server nor its child leaves for less than SIGKILL. */
const twice = (phase: Phase) =>
  Effect.gen(function* () {
    const here = yield* world(serversOf(phase, true))
    const running = yield* here.spawn(runOf(phase))
    yield* phase.reached(here, running)
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

/** In a conversation, where the terminal is in the hands of the line editor. */
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
    yield* running.shows(message === undefined ? "Ctrl-C once more" : "parley: cancelled")
    // Less than 50 ms after the first it would count as the same.
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

/** U02: a second SIGINT soon after the first ends the process at once, and everything it has started. */
export const insists: ReadonlyArray<Case> = [
  ...[startUp, ...ofRound].map((phase) => ({ id: "U02", name: phase.name, run: twice(phase) })),
  {
    id: "U02",
    name: "at the prompt, waiting for a line, and in a round of a conversation",
    run: Effect.andThen(Effect.scoped(inChat(undefined)), Effect.scoped(inChat("phase:headers")))
  }
]
