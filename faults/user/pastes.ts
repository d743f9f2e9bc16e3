import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { logOf, postconditions } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { world } from "../../packages/harness/src/user/world.ts"

/** The input that a terminal sends for a paste between typed keys. It sends Enter for each line feed. */
const pasted = (text: string) => `phase:answer \u001b[200~${text.replaceAll("\n", "\r")}\u001b[201~ please\r`

/** A paste is unchanged text of one message and has no effect on the terminal. */
const literal = (text: string, unseen: string) =>
  Effect.gen(function* () {
    const here = yield* world()
    const running = yield* here.terminal(["chat"])
    yield* running.shows(/> [^\n]*$/)
    yield* running.type(pasted(text))
    yield* running.shows(replies.whole)
    yield* running.type("/exit\r")
    const ended = yield* running.ended
    assert.strictEqual(ended.status, 0, ended.stdout.slice(-500))
    const requests = logOf(here).flatMap(({ event }) => (event._tag === "RoundStarted" ? [textOf(event.request)] : []))
    assert.lengthOf(requests, 1)
    assert.isTrue(requests[0] === `phase:answer ${text} please`, requests[0]?.slice(0, 200))
    assert.notInclude(ended.stdout, unseen)
    yield* postconditions(here, ended.stdout)
  })

const line = "a line of a log, as people paste them, with words\n"

/** U09: text that is pasted into `chat`. */
export const pastes: ReadonlyArray<Case> = [
  { id: "U09", name: "1 MB in 20 000 lines", run: literal(line.repeat(20_000), "a line of a log") },
  {
    id: "U09",
    name: "escapes",
    run: literal("\u001b[31mred \u001b]0;title\u0007 \u001b[2J \u001b[200 \u0003\u001a\u0004", "\u001b[31m")
  },
  { id: "U09", name: "NUL", run: literal("before\0after", "\0") },
  { id: "U09", name: "direction marks", run: literal("\u202egnp.exe\u202c \u2066x\u2069", "\u202e") }
]
