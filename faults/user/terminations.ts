import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { ofRound, type Phase, runInto, serves, serversOf, startUp } from "../../packages/harness/src/user/phases.ts"
import { postconditions, tagsOf } from "./support/after.ts"
import { lives } from "../../packages/harness/src/user/processes.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { pidOf, sane, watched, world } from "../../packages/harness/src/user/world.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const signals = { U03: ["SIGTERM", 143], U04: ["SIGHUP", 129] } as const
type Id = keyof typeof signals

/**
 * Milliseconds from the signal to the end of the process. The catalogue requires 2000; `pnpm cancel` asserts that on an idle
 * machine. An unlimited shutdown would take 4000 with the deaf server.
 */
const bound = 3500

const ends = (id: Id, phase: Phase, deaf: boolean) =>
  Effect.gen(function* () {
    const [signal, code] = signals[id]
    const here = yield* world(serversOf(phase, deaf))
    const running = yield* runInto(here, phase)
    const at = performance.now()
    running.child.kill(signal)
    const ended = yield* running.ended
    assert.oneOf(ended.status, phase.end === "RoundCompleted" ? [0, code] : [code], ended.stderr)
    promptly(ended.at - at, bound)
    if (phase.end !== undefined) assert.strictEqual(tagsOf(here).at(-1), phase.end, ended.stdout)
    yield* postconditions(here, ended.stdout + ended.stderr)
  })

const atPrompt = (id: Id) =>
  Effect.gen(function* () {
    const here = yield* world({ server: [] })
    const running = yield* here.terminal(["chat"], { wrap: watched })
    yield* running.shows(/> [^\n]*$/)
    yield* serves(here)
    // The process id of the command, which runs below the process that holds its terminal.
    const pid = pidOf(here)
    const at = performance.now()
    // The system sends SIGHUP when the terminal is closed.
    if (id === "U04") running.child.kill("SIGKILL")
    else process.kill(pid, "SIGTERM")
    yield* until("the command is gone", () => !lives(pid))
    promptly(performance.now() - at, bound)
    const ended = yield* running.ended
    if (id === "U03") {
      assert.strictEqual(ended.status, signals[id][1], ended.stdout)
      assert.match(ended.stdout, sane)
    }
    yield* postconditions(here, ended.stdout)
  })

const casesOf = (id: Id): ReadonlyArray<Case> => [
  ...[startUp, ...ofRound].map((phase) => ({
    id,
    name: phase.name,
    // One phase has a server that would need twice that time.
    run: ends(id, phase, phase.name === "tools running")
  })),
  { id, name: "at the prompt, waiting for a line", run: atPrompt(id) }
]

/** U03 and U04: SIGTERM, or closing the terminal, ends the round in an orderly way within two seconds. */
export const terminations: ReadonlyArray<Case> = casesOf("U03").concat(casesOf("U04"))
