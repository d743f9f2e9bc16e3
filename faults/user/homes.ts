import { assert } from "@effect/vitest"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { getuid } from "node:process"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { postconditions } from "./support/after.ts"
import { replies } from "../../packages/harness/src/user/model.ts"
import { world } from "../../packages/harness/src/user/world.ts"

const isRoot = getuid?.() === 0

/** Why the superuser's case is not run here. */
export const noRoot = isRoot ? [] : ["as root: these tests are not run by root, and do not become it"]

/** Permission bits do not restrict root, so root's tests run as a user id that the system does not know. */
const somebody = isRoot ? { uid: 54_321 } : {}
const give = (path: string): void => {
  if (isRoot) chownSync(path, somebody.uid ?? 0, somebody.uid ?? 0)
}

const asRoot = Effect.gen(function* () {
  const here = yield* world({ server: [] })
  const ended = yield* here.run(["run", "phase:answer"])
  assert.deepStrictEqual([ended.status, ended.stdout], [0, `${replies.whole}\n`], ended.stderr)
  assert.strictEqual(statSync(here.data).mode & 0o777, 0o700)
  for (const name of readdirSync(here.data, { encoding: "utf8", recursive: true })) {
    const status = statSync(join(here.data, name))
    assert.strictEqual(status.mode & 0o777, status.isDirectory() ? 0o700 : 0o600, name)
  }
  yield* postconditions(here, ended.stderr)
})

/** Without HOME there is no directory for files: an error, and nothing is done. With the XDG variables, HOME is optional. */
const unset = Effect.gen(function* () {
  const here = yield* world()
  const ended = yield* here.run(["run", "phase:answer"], { env: { HOME: undefined } })
  assert.strictEqual(ended.status, 3, ended.stderr)
  assert.match(ended.stderr, /^parley: \$HOME: is not set to an absolute path.+set it, or all of/)
  assert.deepStrictEqual(here.model.bodies, [])
  const own = join(here.root, "own")
  mkdirSync(own)
  give(own)
  chmodSync(here.root, 0o755)
  const env = {
    HOME: undefined,
    // Do not write to the home of the user who runs the tests.
    ...(isRoot ? { XDG_CACHE_HOME: undefined } : {}),
    XDG_CONFIG_HOME: own,
    XDG_DATA_HOME: own,
    XDG_STATE_HOME: own
  }
  // A user for whom the system has no home directory either.
  const placed = yield* here.run(["run", "phase:answer"], { env, ...somebody })
  assert.deepStrictEqual([placed.status, placed.stdout], [0, `${replies.whole}\n`], placed.stderr)
  assert.isTrue(existsSync(join(own, "parley/parley.db")))
  yield* postconditions(here, ended.stderr + placed.stderr)
})

const readOnly = Effect.gen(function* () {
  const here = yield* world()
  const home = join(here.root, "sealed")
  mkdirSync(home)
  chmodSync(here.root, 0o755)
  chmodSync(home, 0o555)
  const ended = yield* here.run(["run", "phase:answer"], {
    env: { HOME: home, XDG_CACHE_HOME: undefined },
    ...somebody
  })
  assert.strictEqual(ended.status, 5, ended.stderr)
  assert.match(ended.stderr, /^parley: Storage \(.+\): the database cannot be used: .*sealed/)
  assert.deepStrictEqual(here.model.bodies, [], "the model is not asked when the answer cannot be stored")
  assert.deepStrictEqual(readdirSync(home), [])
  yield* postconditions(here, ended.stderr)
})

const relative = Effect.gen(function* () {
  const here = yield* world()
  const env = { XDG_CONFIG_HOME: "config", XDG_DATA_HOME: "data", XDG_STATE_HOME: "./state", XDG_CACHE_HOME: "cache" }
  const ended = yield* here.run(["run", "phase:answer"], { env })
  assert.deepStrictEqual([ended.status, ended.stdout], [0, `${replies.whole}\n`], ended.stderr)
  assert.deepStrictEqual(readdirSync(here.workspace), [], "nothing is put where the command happens to be run")
  assert.isTrue(existsSync(join(here.data, "parley.db")))
  yield* postconditions(here, ended.stderr)
})

/** U16: which user runs the command, and where that user's files are. */
export const homes: ReadonlyArray<Case> = [
  ...(isRoot ? [{ id: "U16", name: "by root: files are root's alone", run: asRoot }] : []),
  { id: "U16", name: "HOME is unset", run: unset },
  { id: "U16", name: "HOME is read-only", run: readOnly },
  { id: "U16", name: "the XDG variables are relative", run: relative }
]
