import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"
import { refused } from "./support/after.ts"
import { type Options, world } from "../../packages/harness/src/user/world.ts"

/** Refused by the command before a session is created, and by the engine in an existing session. */
const both = (message: string, words: RegExp, ways: ReadonlyArray<readonly [ReadonlyArray<string>, Options?]>) =>
  Effect.gen(function* () {
    for (const [args, options] of ways) {
      const here = yield* world()
      yield* refused(here, yield* here.run(["run", ...args], options), words)
    }
    const here = yield* home
    const id = yield* Effect.gen(function* () {
      const { coordinator, sessions } = yield* engine(here, { url: "http://127.0.0.1:9" })
      const { id } = yield* sessions.create({})
      const error = yield* Effect.flip(coordinator.handleMessage({ sessionId: id, request: message }))
      assert.strictEqual(error._tag, "InvalidMessage")
      return id
    }).pipe(Effect.scoped)
    assert.deepStrictEqual(stored(here, id), [])
    yield* post(here, id)
  })

const tenMegabytes = "a".repeat(10 * 1024 * 1024)

/** U10: messages that are empty or too large. */
export const messages: ReadonlyArray<Case> = [
  { id: "U10", name: "empty", run: both("", /No message/, [[[]], [[""]]]) },
  { id: "U10", name: "whitespace", run: both(" \t\n", /No message/, [[[" \t\n"]], [[], { input: " \t\n\n" }]]) },
  { id: "U10", name: "10 MB", run: both(tenMegabytes, /More than 10000000 bytes/, [[[], { input: tenMegabytes }]]) },
  { id: "U10", name: "only NUL", run: both("\0\0\0", /NUL bytes/, [[[], { input: "\0\0\0" }]]) }
]
