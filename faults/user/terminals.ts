import { spawnSync } from "node:child_process"
import { readlinkSync } from "node:fs"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { postconditions } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { pidOf, watched, world } from "../../packages/harness/src/user/world.ts"

const escape = "\u001b"

const noTerminal = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const run = yield* here.run(["run", "phase:answer"])
  assert.strictEqual(run.stdout, `${replies.whole}\n`)
  const chat = yield* here.run(["chat"], { input: "phase:answer\nphase:answer\n" })
  assert.strictEqual(chat.stdout, `${replies.whole}\n${replies.whole}\n`)
  assert.deepStrictEqual([run.status, chat.status], [0, 0])
  assert.notInclude(run.stderr + chat.stderr, escape)
  assert.notInclude(chat.stderr, "> ", "a pipe is not prompted")
  yield* postconditions(here, run.stderr + chat.stderr)
})

const dumb = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.terminal(["chat"], { env: { TERM: "dumb" } })
  yield* running.shows(/> $/)
  yield* running.type("phase:text\r")
  yield* running.shows(replies.half)
  yield* running.type("\u0003")
  yield* running.shows(/parley: cancelled\r\n> $/)
  yield* running.type("phase:answer\r")
  yield* running.shows(/All is well\.\r\n> $/)
  yield* running.type("\u0004")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 0, ended.stdout)
  assert.notInclude(ended.stdout, escape)
  yield* postconditions(here, ended.stdout)
})

const noColour = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const run = (env: Record<string, string>) =>
    Effect.flatMap(here.terminal(["run", "phase:answer"], { env, talk: false }), ({ ended }) => ended)
  const styled = yield* run({})
  assert.include(styled.stdout, `${escape}[2m`, "otherwise there are styles to leave out")
  const plain = yield* run({ NO_COLOR: "1" })
  assert.include(plain.stdout, replies.whole)
  assert.deepStrictEqual([styled.status, plain.status], [0, 0])
  assert.notInclude(plain.stdout, escape)
  yield* postconditions(here, styled.stdout + plain.stdout)
})

const oneColumn = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.terminal(["chat"], { wrap: (command) => `stty cols 1 rows 2; exec ${command}` })
  yield* running.shows("Ctrl-D to end")
  yield* running.type("phase:answer\r")
  yield* running.shows(replies.whole)
  yield* running.type("/exit\r")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 0, ended.stdout)
  yield* postconditions(here, ended.stdout)
})

const resized = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const running = yield* here.terminal(["chat"], { wrap: watched })
  yield* running.shows(/> [^\n]*$/)
  yield* running.type("phase:text\r")
  yield* running.shows(replies.half)
  const terminal = readlinkSync(`/proc/${pidOf(here)}/fd/0`)
  const storm = spawnSync("sh", [
    "-c",
    'i=0; while [ $i -lt 150 ]; do stty -F "$1" cols $((i % 80 + 1)) || exit 1; i=$((i + 1)); done',
    "sh",
    terminal
  ])
  assert.strictEqual(storm.status, 0, String(storm.stderr))
  here.model.release(", and the other half")
  yield* running.shows(/, and the other half\r\n/)
  yield* running.type("phase:answer\r")
  yield* running.shows(replies.whole)
  yield* running.type("/exit\r")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 0, ended.stdout)
  yield* postconditions(here, ended.stdout)
})

/** U08: terminals with few capabilities, or no terminal. */
export const terminals: ReadonlyArray<Case> = [
  { id: "U08", name: "no terminal", run: noTerminal },
  { id: "U08", name: "TERM=dumb", run: dumb },
  { id: "U08", name: "NO_COLOR", run: noColour },
  { id: "U08", name: "a window of one column", run: oneColumn },
  { id: "U08", name: "150 changes of its size", run: resized }
]
