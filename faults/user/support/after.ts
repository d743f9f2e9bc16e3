import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { Effect } from "effect"
import { readStored } from "../../../scripts/crash/stored.ts"
import { atRest, breaksRules, post } from "../../support/post.ts"
import { replies } from "../../../packages/harness/src/user/model.ts"
import { noChildren } from "../../../packages/harness/src/user/processes.ts"
import type { Ended } from "../../../packages/harness/src/user/running.ts"
import type { World } from "../../../packages/harness/src/user/world.ts"

/** Asserts that the output contains nothing that a user must not see, such as stack traces. */
export const seemly = (output: string): void => {
  assert.notMatch(output, /^\s+at .+[:(]\d+/m)
  assert.notInclude(output, "internal error")
}

export const logOf = (here: World): ReadonlyArray<LogEntry> => readStored(here).sessions.at(-1)?.log ?? []
export const tagsOf = (here: World): ReadonlyArray<SessionEvent["_tag"]> => logOf(here).map(({ event }) => event._tag)
export const sessionOf = (here: World): SessionId | undefined => {
  const id = readStored(here).sessions.at(-1)?.id
  return id === undefined ? undefined : SessionId.make(id)
}

/**
 * The postconditions: the output is presentable, no child process is left, the database is intact, all requests to the model
 * were legal, and a real message is answered, in the existing session if there is one.
 */
export const postconditions = Effect.fnUntraced(function* (here: World, output: string) {
  seemly(output)
  yield* noChildren(here)
  assert.deepStrictEqual(breaksRules(here.model.bodies), [])
  const id = sessionOf(here)
  if (id !== undefined) return yield* post(here, id)
  const next = yield* here.run(["run", "phase:answer"])
  assert.strictEqual(next.status, 0, next.stderr)
  assert.include(next.stdout, replies.whole)
  assert.deepStrictEqual(atRest(here), [])
})

/** Asserts that the command refused with a matching message, before anything was stored or sent. */
export const refused = Effect.fnUntraced(function* (here: World, ended: Ended, words: RegExp) {
  assert.strictEqual(ended.status, 2, ended.stderr)
  assert.match(ended.stderr, words)
  assert.strictEqual(ended.stdout, "")
  assert.isUndefined(sessionOf(here))
  assert.deepStrictEqual(here.model.bodies, [])
  yield* postconditions(here, ended.stderr)
})
