import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { withLockFile } from "../src/LockFile.ts"
import { failing } from "@parley/harness/brokenDisk"
import { inTime } from "@parley/harness/promptly"

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "parley-os-"))),
  (path) => Effect.sync(() => fs.rmSync(path, { recursive: true, force: true }))
)

const locked = <A>(path: string, use: Effect.Effect<A>) =>
  withLockFile(path, { longestHold: "2 minutes", unusable: String }, use)

describe("a lock on a disk that fails", () => {
  it.live("a result survives a lock that cannot be removed, and this process does not wait for that lock", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "lock")
      const first = yield* Effect.scoped(Effect.andThen(failing("rmSync", "EIO"), locked(path, Effect.succeed(1))))
      assert.strictEqual(first, 1)
      assert.isTrue(fs.existsSync(path), "it is still there")
      const second = yield* locked(path, Effect.succeed(2)).pipe(inTime(20_000))
      assert.deepStrictEqual([second, fs.existsSync(path)], [2, false])
    })
  )

  it.live("a lock that cannot be written is a typed error, and leaves no file", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "lock")
      const error = yield* Effect.scoped(
        Effect.andThen(failing("writeFileSync", "ENOSPC"), Effect.flip(locked(path, Effect.void)))
      )
      assert.include(error, "ENOSPC")
      assert.isFalse(fs.existsSync(path))
    })
  )
})
