import { execFileSync } from "node:child_process"
import { chmodSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { assert } from "@effect/vitest"
import { SessionId } from "@parley/domain/Ids"
import { Effect, type Scope } from "effect"
import type { Need } from "../../packages/harness/src/disk/needs.ts"
import type { Case } from "../suite.ts"
import { post } from "../support/post.ts"
import { bytes, calm, type Machine, machine, refused } from "./machine.ts"
import { answering, talk, words } from "./talk.ts"
import { another, takeBack } from "./user.ts"

/** The user as whom the command runs, and how to make the database writable again. */
interface Locked {
  readonly under: ReadonlyArray<string>
  readonly unlock: () => void
}

const locked = (
  name: string,
  lock: (here: Machine) => Effect.Effect<Locked, never, Scope.Scope>,
  needs: ReadonlyArray<Need> = []
): Case => ({
  id: "S11",
  name,
  needs,
  run: Effect.gen(function* () {
    const here = yield* machine
    const [id = SessionId.make("none")] = yield* talk(here)
    const { under, unlock } = yield* lock(here)
    const before = bytes(here.data)
    const listed = yield* here.parley(["sessions", "list", "--all"], { under })
    calm(listed)
    assert.strictEqual(listed.code, 0, listed.stderr)
    assert.include(listed.stdout, id)
    const shown = yield* here.parley(["sessions", "show", id], { under })
    assert.strictEqual(shown.code, 0, shown.stderr)
    assert.include(shown.stdout, words)
    const server = yield* answering
    for (const args of [
      ["run", "hello", "--session", id],
      ["run", "hello"]
    ])
      refused(yield* here.parley(args, { under, url: server.url }), here.database, /make it and its directory writable/)
    assert.strictEqual(server.received.length, 0, "no model was asked")
    assert.deepStrictEqual(bytes(here.data), before)
    unlock()
    takeBack(here)
    yield* post(here, id)
  }).pipe(Effect.scoped)
})

export const readable: ReadonlyArray<Case> = [
  locked("a read-only directory", (here) =>
    Effect.sync(() => {
      const under = another(here)
      chmodSync(here.data, 0o555)
      return { under, unlock: () => chmodSync(here.data, 0o700) }
    })
  ),
  locked("a read-only file (0444)", (here) =>
    Effect.sync(() => {
      const under = another(here)
      chmodSync(here.database, 0o444)
      return { under, unlock: () => chmodSync(here.database, 0o600) }
    })
  ),
  locked(
    "a read-only file system",
    (here) =>
      Effect.acquireRelease(
        Effect.sync((): Locked => {
          execFileSync("mount", ["--bind", here.data, here.data])
          execFileSync("mount", ["-o", "remount,bind,ro", here.data])
          return { under: [], unlock: () => void execFileSync("mount", ["-o", "remount,bind,rw", here.data]) }
        }),
        () => Effect.sync(() => void execFileSync("umount", ["--lazy", here.data]))
      ),
    ["mounts"]
  ),
  locked(
    "a file of another user that is readable",
    (here) =>
      Effect.sync(() => {
        const under = another(here, here.data, here.database)
        chmodSync(here.data, 0o755)
        chmodSync(here.database, 0o644)
        // The database must not look like one that was not closed properly.
        new DatabaseSync(here.database, { readOnly: true }).close()
        return { under, unlock: () => {} }
      }),
    ["root"]
  )
]
