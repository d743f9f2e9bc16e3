import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { postconditions, tagsOf } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { world } from "../../packages/harness/src/user/world.ts"

/** A round whose response has begun, and continues when it is released. */
const begun = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.spawn(["run", "phase:text"])
  yield* running.shows(replies.half)
  return { here, running }
})

const quit = Effect.gen(function* () {
  const { here, running } = yield* begun
  running.child.kill("SIGQUIT")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 131, ended.stderr)
  yield* postconditions(here, ended.stdout + ended.stderr)
})

const user1 = Effect.gen(function* () {
  const { here, running } = yield* begun
  running.child.kill("SIGUSR1")
  here.model.release(", and the other half")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 0, ended.stderr)
  assert.strictEqual(ended.stdout, `${replies.half}, and the other half\n`)
  assert.notMatch(ended.stderr, /debugger/i)
  yield* postconditions(here, ended.stderr)
})

/** Ctrl-Z under a shell with job control, which prints the modes of the terminal and resumes the command. */
const suspended = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.terminal(["chat"], {
    wrap: (command) => `set -m; ${command}; echo; echo STOPPED; stty -a; fg >/dev/null; echo BACK`
  })
  yield* running.shows(/> [^\n]*$/)
  yield* running.type("phase:text\r")
  yield* running.shows(replies.half)
  yield* running.type("\u001a")
  yield* running.shows(/STOPPED\r\nspeed [^]*\nisig icanon [^]* echo /)
  here.model.release(", and the other half")
  // The text and the mode of the terminal are written by different parts, in either order.
  const mode = "\u001b[?2004h"
  yield* running.shows((output) => /, and the other half\r\n[^]*> [^\n]*$/.test(output.replaceAll(mode, "")))
  assert.strictEqual(running.output().split("STOPPED")[1]?.split(mode).length, 2, "the terminal is taken once")
  // The terminal is in raw mode again: keys arrive one by one, and it does not handle Ctrl-C itself.
  yield* running.type("x\u0003")
  yield* running.shows(/press Ctrl-C again[^]*> [^\n]*$/)
  yield* running.type("phase:answer\r")
  yield* running.shows(replies.whole)
  yield* running.type("/exit\r")
  const ended = yield* running.ended
  assert.include(ended.stdout, "BACK")
  assert.notInclude(ended.stdout, "x^C")
  yield* postconditions(here, ended.stdout)
})

/** A laptop that sleeps: the process is stopped without notice, and its connection is closed when it wakes up. */
const slept = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.spawn(["run", "--format", "stream-json", "phase:text"])
  yield* running.shows(replies.half)
  running.child.kill("SIGSTOP")
  here.model.cut()
  yield* until("the connection is gone", () => here.model.held() === 0)
  running.child.kill("SIGCONT")
  yield* until("the model was asked again", () => here.model.held() === 1, running.output)
  here.model.release(", and the other half")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 0, ended.stderr)
  const tags = tagsOf(here).filter((tag) => /^Turn[CF]|Retry|^Round/.test(tag))
  assert.deepStrictEqual(tags, ["RoundStarted", "TurnFailed", "RetryScheduled", "TurnCompleted", "RoundCompleted"])
  yield* postconditions(here, ended.stdout + ended.stderr)
})

/** U05: the other signals that a person or a system sends. */
export const stops: ReadonlyArray<Case> = [
  { id: "U05", name: "SIGQUIT ends at once", run: quit },
  { id: "U05", name: "SIGUSR1 opens no debugger", run: user1 },
  { id: "U05", name: "SIGTSTP restores the terminal, SIGCONT sets it up again", run: suspended },
  { id: "U05", name: "stopped while the connection broke: retried", run: slept }
]
