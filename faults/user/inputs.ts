import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import { closeSync, ftruncateSync, openSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { logOf, postconditions, refused } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import type { Ended } from "../../packages/harness/src/user/running.ts"
import { until } from "../../packages/harness/src/user/until.ts"
import { type World, world } from "../../packages/harness/src/user/world.ts"

const lastRequest = (here: World) =>
  logOf(here)
    .flatMap(({ event }) => (event._tag === "RoundStarted" ? [textOf(event.request)] : []))
    .at(-1)

const answered = Effect.fnUntraced(function* (here: World, ended: Ended, request: string) {
  assert.strictEqual(ended.status, 0, ended.stderr)
  assert.strictEqual(ended.stdout, `${replies.whole}\n`)
  assert.strictEqual(lastRequest(here), request)
  yield* postconditions(here, ended.stderr)
})

const redirected = (from: string, words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const here = yield* world()
    const running = yield* here.shell(`exec "$@" <${from}`, ["run", ...words])
    return { here, ended: yield* running.ended }
  })

const nothing = (from: string) =>
  Effect.gen(function* () {
    const wordless = yield* redirected(from, [])
    yield* refused(wordless.here, wordless.ended, /No message/)
    const { ended, here } = yield* redirected(from, ["phase:answer"])
    yield* answered(here, ended, "phase:answer")
  })

const filled = Effect.fnUntraced(function* (fill: (path: string) => void, args: ReadonlyArray<string>) {
  const here = yield* world()
  const path = join(here.root, "large")
  fill(path)
  const running = yield* here.shell(`exec "$@" <${path}`, args)
  return { here, ended: yield* running.ended }
})

const large = (fill: (path: string) => void) =>
  Effect.gen(function* () {
    for (const words of [[], ["phase:answer"]]) {
      const { ended, here } = yield* filled(fill, ["run", ...words])
      yield* refused(here, ended, /More than 10000000 bytes/)
    }
  })

const letters = (path: string): void => writeFileSync(path, Buffer.alloc(100_000_000, "a"))

/** A very long line as the input of `chat`: refused as a message, and then the input ends. */
const longLine = Effect.gen(function* () {
  const { ended, here } = yield* filled(letters, ["chat"])
  assert.strictEqual(ended.status, 0, ended.stderr)
  assert.match(ended.stderr, /the limit is 10000000/)
  assert.deepStrictEqual([logOf(here), here.model.bodies], [[], []])
  yield* postconditions(here, ended.stderr)
})

const sparse = (path: string): void => {
  const file = openSync(path, "w")
  ftruncateSync(file, 2 ** 31)
  closeSync(file)
}

const binary = Effect.gen(function* () {
  const here = yield* world()
  const ended = yield* here.run(["run", "phase:answer"], { input: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 255]) })
  yield* refused(here, ended, /not text, since it contains NUL bytes/)
})

const neverEnds = Effect.gen(function* () {
  const here = yield* world()
  const running = yield* here.spawn(["run", "phase:answer"], { talk: true })
  const ended = yield* running.ended
  assert.match(ended.stderr, /nothing was piped in for 3 seconds/)
  yield* answered(here, ended, "phase:answer")
})

/** An endless pipe is read only as fast as its lines are answered, and pressing Ctrl-C twice ends the command. */
const everMore = Effect.gen(function* () {
  const here = yield* world()
  const running = yield* here.spawn(["chat"], { talk: true })
  const { stdin } = running.child
  const block = Buffer.from("phase:headers\n".repeat(5000))
  let blocks = 0
  const more = (): void => {
    blocks++
    if (stdin?.write(block) === true) more()
    else stdin?.once("drain", more)
  }
  more()
  yield* until("the model was asked", () => here.model.held() > 0, running.output)
  // Enough time to read a lot more, if reading were not limited.
  yield* Effect.sleep(500)
  assert.isBelow(blocks * block.length, 2_000_000)
  running.child.kill("SIGINT")
  yield* running.shows("parley: cancelled")
  yield* Effect.sleep(60)
  running.child.kill("SIGINT")
  const ended = yield* running.ended
  assert.strictEqual(ended.status, 130, ended.stderr)
  yield* postconditions(here, ended.stdout + ended.stderr)
})

/** Every write ends in the middle of a character. */
const slow = Effect.gen(function* () {
  const here = yield* world()
  const request = "phase:answer é€😀"
  const bytes = Buffer.from(request)
  const running = yield* here.spawn(["run"], { talk: true })
  for (const [from, to] of [
    [0, 14],
    [14, 17],
    [17, 20],
    [20, bytes.length]
  ]) {
    yield* running.type(bytes.subarray(from, to))
    yield* Effect.sleep(250)
  }
  running.child.stdin?.end()
  yield* answered(here, yield* running.ended, request)
})

const invalid = Effect.gen(function* () {
  const here = yield* world()
  const ended = yield* here.run(["run"], { input: Buffer.from("phase:answer caf\u00e9", "latin1") })
  assert.match(ended.stderr, /not valid UTF-8/)
  yield* answered(here, ended, "phase:answer caf\ufffd")
})

/** U07: all kinds of standard input. */
export const inputs: ReadonlyArray<Case> = [
  { id: "U07", name: "closed", run: nothing("&-") },
  { id: "U07", name: "/dev/null", run: nothing("/dev/null") },
  { id: "U07", name: "100 MB", run: Effect.andThen(large(letters), longLine) },
  { id: "U07", name: "2 GB, sparse", run: large(sparse) },
  { id: "U07", name: "binary", run: binary },
  { id: "U07", name: "a pipe that never ends, silent or not", run: Effect.andThen(neverEnds, everMore) },
  { id: "U07", name: "a slow pipe", run: slow },
  { id: "U07", name: "invalid UTF-8", run: invalid }
]
