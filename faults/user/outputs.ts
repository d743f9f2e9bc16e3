import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { postconditions, tagsOf } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { world } from "../../packages/harness/src/user/world.ts"

/** As in `parley run … | head`: the reader closes the pipe in the middle of a response. */
const stdoutClosed = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.spawn(["run", "phase:text"])
  yield* running.shows(replies.half)
  running.child.stdout?.destroy()
  here.model.release(", and the other half")
  const ended = yield* running.ended
  assert.oneOf(ended.status, [0, 1])
  assert.notInclude(ended.stderr, "EPIPE")
  assert.oneOf(tagsOf(here).at(-1), ["RoundCompleted", "RoundCancelled"])
  yield* postconditions(here, ended.stderr)
})

const stderrClosed = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const none = yield* Effect.flatMap(here.shell('exec "$@" 2>&-', ["run", "phase:answer"]), ({ ended }) => ended)
  assert.deepStrictEqual([none.status, none.stdout], [0, `${replies.whole}\n`])
  // Standard error has no reader, so the message about the retry cannot be written.
  const unread = yield* here.spawn(["run", "-c", "phase:text"])
  unread.child.stderr?.destroy()
  yield* unread.shows(replies.half)
  here.model.cut()
  yield* until("the cut is seen", () => here.model.held() === 0)
  yield* until("the model was asked again", () => here.model.held() > 0)
  here.model.release(", and the other half")
  const ended = yield* unread.ended
  assert.strictEqual(ended.status, 0)
  assert.include(ended.stdout, "and the other half")
  yield* postconditions(here, ended.stdout)
})

const bothClosed = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const silent = yield* here.shell('exec "$@" >&- 2>&-', ["run", "phase:answer"])
  const ended = yield* silent.ended
  assert.deepStrictEqual([ended.status, ended.stdout, ended.stderr], [0, "", ""])
  assert.strictEqual(tagsOf(here).at(-1), "RoundCompleted")
  yield* postconditions(here, "")
})

const full = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  for (const format of ["text", "stream-json", "json"]) {
    const running = yield* here.shell('exec "$@" >/dev/full', ["run", "--format", format, "phase:answer"])
    const ended = yield* running.ended
    assert.strictEqual(ended.status, 1, ended.stderr)
    assert.strictEqual(ended.stderr.match(/cannot write to standard output \(ENOSPC\)/g)?.length, 1, ended.stderr)
    assert.oneOf(tagsOf(here).at(-1), ["RoundCompleted", "RoundCancelled"])
    yield* postconditions(here, ended.stderr)
  }
})

/** U06: output that is not read. */
export const outputs: ReadonlyArray<Case> = [
  { id: "U06", name: "standard output is closed early", run: stdoutClosed },
  { id: "U06", name: "standard error is closed, or has no reader", run: stderrClosed },
  { id: "U06", name: "both outputs are closed", run: bothClosed },
  { id: "U06", name: "/dev/full", run: full }
]
