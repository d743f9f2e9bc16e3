import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { ofRound, type Phase, runInto, serves, serversOf, startUp } from "../../packages/harness/src/user/phases.ts"
import { logOf, postconditions, tagsOf } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { sane, watched, world } from "../../packages/harness/src/user/world.ts"

/** Whether the prompt is the last thing on the terminal. */
const prompt = (output: string) => output.endsWith("> \u001b[3G")

/** `parley run`: one Ctrl-C cancels the round, the cancellation is stored, and the command exits with 130. */
const inRun = (phase: Phase) =>
  Effect.gen(function* () {
    const here = yield* world(serversOf(phase, false))
    const running = yield* runInto(here, phase)
    running.child.kill("SIGINT")
    const { status, stdout, stderr } = yield* running.ended
    // A process that was already finishing may have exited before the signal.
    assert.oneOf(status, phase.end === "RoundCompleted" ? [0, 130] : [130], stderr)
    if (phase.end !== undefined) assert.strictEqual(tagsOf(here).at(-1), phase.end, stdout)
    yield* postconditions(here, stdout + stderr)
  })

/** `parley chat`: Ctrl-C ends the round, the prompt returns, and the session continues. */
const inChat = (phase: Phase) =>
  Effect.gen(function* () {
    const here = yield* world(serversOf(phase, false))
    const running = yield* here.terminal(["chat"], { wrap: watched })
    yield* running.shows(prompt)
    yield* running.type(`${phase.message}\r`)
    yield* phase.reached(here, running)
    // The server runs before the message is sent. Ctrl-C before the round starts withdraws the message and stores nothing.
    yield* until("the round started", () => tagsOf(here).includes("RoundStarted"), running.output)
    yield* running.type("\u0003")
    yield* running.shows(phase.end === "RoundCancelled" ? /parley: cancelled\r\n[^]*> [^\n]*$/ : prompt)
    assert.strictEqual(tagsOf(here).at(-1), phase.end, running.output())
    // The next message must not need a server that may still not have answered.
    if (phase.mute !== true && phase.config === undefined) {
      yield* running.type("phase:answer\r")
      yield* running.shows(new RegExp(`phase:answer[^]*phase:answer[^]*${replies.whole}|cancelled[^]*${replies.whole}`))
    }
    yield* running.type("\u0004")
    const { status, stdout } = yield* running.ended
    assert.strictEqual(status, 0, stdout)
    assert.include(stdout, "\u001b[?2004l", "the terminal does not mark pastes any more")
    assert.match(stdout, sane)
    yield* postconditions(here, stdout)
  })

/** At an idle prompt, the first Ctrl-C ends nothing: it may have been meant for a round that just ended. */
const atPrompt = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.terminal(["chat"], { wrap: watched })
  yield* running.shows(prompt)
  yield* serves(here)
  yield* running.type("half a thou\u0003")
  yield* running.shows(/press Ctrl-C again[^]*> [^\n]*$/)
  yield* running.type("phase:answer\r")
  yield* running.shows(new RegExp(replies.whole))
  yield* running.type("/exit\r")
  const { status, stdout } = yield* running.ended
  assert.strictEqual(status, 0, stdout)
  const requests = logOf(here).flatMap(({ event }) => (event._tag === "RoundStarted" ? [event.request] : []))
  assert.deepStrictEqual(requests, [[{ _tag: "Text", text: "phase:answer" }]], "what was half typed was not sent")
  yield* postconditions(here, stdout)
})

/** U01: SIGINT cancels the round, not the session. */
export const interrupts: ReadonlyArray<Case> = [
  { id: "U01", name: startUp.name, run: inRun(startUp) },
  { id: "U01", name: "at the prompt, waiting for a line", run: atPrompt },
  ...ofRound.map((phase) => ({
    id: "U01",
    name: phase.name,
    run: Effect.andThen(Effect.scoped(inRun(phase)), Effect.scoped(inChat(phase)))
  }))
]
