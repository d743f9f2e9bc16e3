import { assert } from "@effect/vitest"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { DateTime, Effect } from "effect"
import type { Case } from "../suite.ts"
import { logOf, postconditions, tagsOf } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { world } from "../../packages/harness/src/user/world.ts"

const hour = 3_600_000
const day = 24 * hour

/**
 * The system clock is set to `later` while the model is responding. Nothing may depend on it: the round completes, later
 * events follow in the log, and so does the next round.
 */
const jump = (start: number, later: number, env: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const here = yield* world({ server: [] })
    const skew = join(here.root, "skew")
    writeFileSync(skew, String(start))
    const hook = join(import.meta.dirname, "support/skew.mjs")
    const options = { env: { ...env, NODE_OPTIONS: `--import=${hook}`, PARLEY_TEST_SKEW: skew } }
    const running = yield* here.spawn(["run", "phase:text"], options)
    yield* running.shows(replies.half)
    writeFileSync(skew, String(later))
    here.model.release(", and the other half")
    const ended = yield* running.ended
    assert.deepStrictEqual([ended.status, ended.stdout], [0, `${replies.half}, and the other half\n`], ended.stderr)
    const next = yield* here.run(["run", "--continue", "phase:answer"], options)
    assert.strictEqual(next.status, 0, next.stderr)

    const log = logOf(here)
    const times = log.map(({ at }) => at)
    const moved = times.slice(1).some((at, i) => Math.abs(at - (times[i] ?? 0) - (later - start)) < 60_000)
    assert.isTrue(moved, "the jump is in the log")
    assert.deepStrictEqual(
      tagsOf(here).filter((tag) => /^Round|^TurnC|^TurnF/.test(tag)),
      ["RoundStarted", "TurnCompleted", "RoundCompleted", "RoundStarted", "TurnCompleted", "RoundCompleted"]
    )
    const shown = (yield* here.run(["sessions", "show", (yield* idOf(here.run, options)) ?? ""], options)).stdout
    assert.match(shown, /── r1[^]*phase:text[^]*── r2[^]*phase:answer/)
    yield* postconditions(here, ended.stderr + next.stderr + shown)
  })

const idOf = (run: Effect.Success<ReturnType<typeof world>>["run"], options: object) =>
  Effect.map(run(["sessions", "list"], options), ({ stdout }) => stdout.split(" ")[0])

/** In Berlin, the wall clock goes back from 3:00 to 2:00 at 1:00 UTC, and the process's local time with it. */
const endOfSummer = Effect.gen(function* () {
  const now = yield* DateTime.now
  const before = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-10-25T00:59:50Z"))
  const start = before - DateTime.toEpochMillis(now)
  yield* jump(start, start + 70_000, { TZ: "Europe/Berlin" })
})

/** U15: order is determined by the log, not by the clock. */
export const clocks: ReadonlyArray<Case> = [
  { id: "U15", name: "a day ahead", run: jump(0, day) },
  { id: "U15", name: "a day back", run: jump(0, -day) },
  { id: "U15", name: "the end of summer time", run: endOfSummer }
]
