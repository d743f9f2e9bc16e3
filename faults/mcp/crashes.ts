import { assert } from "@effect/vitest"
import { one, variant } from "./kit.ts"
import { ended, starts } from "./look.ts"
import type { Script } from "./support/script.ts"

const ways = [
  ["SIGKILL", ["kill", "SIGKILL"], "was ended by SIGKILL"],
  ["SIGSEGV", ["kill", "SIGSEGV"], "was ended by SIGSEGV"],
  ["exit", ["exit", 3], "exited with code 3"]
] as const
type Way = (typeof ways)[number][1]

/** `slow` never answers, and is running when `act` crashes the server. */
const moments: ReadonlyArray<readonly [name: string, script: (way: Way) => Script, effects: number]> = [
  [
    "before it reads the call",
    // If both calls arrive in one chunk, `act` has been read but not handled.
    (way) => ({ calls: { slow: [["once", "trap", ...way]], act: [["once", ...way]] } }),
    0
  ],
  [
    "after the effect",
    (way) => ({
      calls: {
        slow: [],
        act: [
          ["once", "note", "effect"],
          ["once", ...way]
        ]
      }
    }),
    1
  ],
  [
    "within the answer",
    (way) => ({
      calls: {
        slow: [],
        act: [
          ["once", "note", "effect"],
          ["once", "raw", '{"jsonrpc":"2.0","id":$id,"result":{"content":[{"type":"text","text":"do'],
          ["once", ...way]
        ]
      }
    }),
    1
  ]
]

const unknown = /^Unknown: the connection closed before the answer came$/

/** Both calls have an unknown outcome, no effect happens twice, and the server is restarted for the next call. */
export const crashes = moments.flatMap(([moment, script, effects]) =>
  ways.map(([name, way, how]) =>
    variant("M06", `${name} ${moment}`, {
      servers: one(script(way)),
      turns: [["s__slow", "s__act"], [["s__echo", { n: 1 }]]],
      look: (seen) => {
        ended(unknown, unknown, 'Succeeded: {"n":1}')(seen)
        assert.strictEqual(seen.notes.filter(({ effect }) => effect === true).length, effects)
        assert.strictEqual(starts(seen.notes), 2)
        const { lastProblem, restarts, state } = seen.statuses["s"] ?? {}
        assert.deepStrictEqual({ state, restarts }, { state: "ready", restarts: 1 })
        assert.strictEqual(lastProblem, `it ${how}`)
      }
    })
  )
)
