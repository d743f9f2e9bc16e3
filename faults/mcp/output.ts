import { readlinkSync } from "node:fs"
import process from "node:process"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { one, play, type Scenario, variant } from "./kit.ts"
import { ended, starts, strays } from "./look.ts"
import type { Script, Step } from "./support/script.ts"

const quick = { timeoutMillis: 6000 }

/** Noise on standard output is ignored and counted, and the server keeps running. */
const noise = (name: string, script: Script, ignored: number, act: string | RegExp): Case =>
  variant("M05", name, {
    servers: one(script, quick),
    turns: [["s__act"], [["s__echo", { n: 2 }]]],
    look: (seen) => {
      ended(act, 'Succeeded: {"n":2}')(seen)
      assert.strictEqual(starts(seen.notes), 1)
      assert.deepStrictEqual(seen.statuses["s"], { name: "s", state: "ready", tools: 2 })
      assert.strictEqual(strays(seen, "wrote"), ignored)
    }
  })

const done: Step = ["answer", "done"]

const onStdout = [
  noise(
    "lines before initialize",
    { start: [["say", "Welcome!\nListening on stdio"]], calls: { act: [done] } },
    2,
    "Succeeded: done"
  ),
  noise(
    "lines between messages",
    { calls: { act: [["say", "[info] acting {"], done, ["say", "[1, 2"]] } },
    2,
    "Succeeded: done"
  ),
  noise(
    "a line within a message",
    { calls: { act: [["say", '{"jsonrpc":"2.0","id":$id,\nnoise\n"result":{"content":[]}}']] } },
    3,
    "Unknown: no answer within 6 s"
  ),
  noise("bytes that are no text", { calls: { act: [["bytes", "//4AgP8K"], done] } }, 1, "Succeeded: done"),
  variant("M05", "20 MB without a line feed", {
    servers: one({ calls: { act: [["repeat", "x".repeat(16_384), 1280], done] } }),
    turns: [["s__act"], ["s__echo"]],
    look: (seen) => {
      ended(/^Unknown: the connection closed/, "Succeeded: {}")(seen)
      assert.strictEqual(starts(seen.notes), 2)
      assert.strictEqual(seen.statuses["s"]?.restarts, 1)
    }
  })
]

const ownStderr = (): string => readlinkSync("/proc/self/fd/2")

/** The peak memory of this process while an effect runs, in bytes above that before. */
const peak = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = process.memoryUsage().rss
    let most = before
    const look = Effect.forever(
      Effect.delay(
        Effect.sync(() => {
          most = Math.max(most, process.memoryUsage().rss)
        }),
        "10 millis"
      )
    )
    yield* Effect.raceFirst(effect, look)
    return most - before
  })

const flood: Scenario = {
  servers: one({ start: [["noteStderr"]], calls: { act: [["stderr", "flood ".repeat(2730), 19_200], done] } }),
  turns: [["s__act"]],
  look: (seen) => {
    ended("Succeeded: done")(seen)
    assert.strictEqual(starts(seen.notes), 1)
    assert.notStrictEqual(seen.notes.find(({ stderr }) => stderr !== undefined)?.stderr, ownStderr())
  }
}

const onStderr: ReadonlyArray<Case> = [
  {
    id: "M08",
    name: "300 MB while a call runs",
    needs: ["linux"],
    // The read data is released again.
    run: Effect.map(peak(play(flood)), (bytes) => assert.isAtMost(bytes, 150_000_000))
  },
  variant("M08", "escapes, and then the end", {
    servers: one({
      start: [["noteStderr"]],
      calls: {
        act: [
          ["stderr", "\u001b]0;title\u0007\u001b[2J\u001b[31mall is \u202elost\u001b[0m\r\u009b5n\u0000\n"],
          ["exit", 7]
        ]
      }
    }),
    turns: [["s__act"], ["s__echo"]],
    look: (seen) => {
      ended(/^Unknown: /, "Succeeded: {}")(seen)
      assert.notStrictEqual(seen.notes.find(({ stderr }) => stderr !== undefined)?.stderr, ownStderr())
      const problem = seen.statuses["s"]?.lastProblem ?? ""
      assert.match(problem, /^it exited with code 7 \(stderr: all is lost/)
      assert.notMatch(problem, /[^\P{C}]/u)
    }
  })
]

export const output = [...onStdout, ...onStderr]
