import * as fs from "node:fs"
import { execFileSync } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { hasQuickReads, quickListing, quickRead } from "../src/QuickReads.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "parley-os-")))),
  (path) => Effect.sync(() => fs.rmSync(path, { recursive: true, force: true }))
)

describe.runIf(hasQuickReads)("quick reads", () => {
  it.live("return what is at a path, within the limit", () =>
    Effect.gen(function* () {
      const root = yield* directory
      fs.writeFileSync(join(root, "a.txt"), "text")
      fs.mkdirSync(join(root, "b"))
      const { bytes, status } = yield* quickRead(join(root, "a.txt"), 4)
      assert.strictEqual(new TextDecoder().decode(bytes), "text")
      assert.strictEqual(status.ino, fs.statSync(join(root, "a.txt"), { bigint: true }).ino)
      assert.isUndefined((yield* quickRead(join(root, "a.txt"), 3)).bytes)
      const { entries } = yield* quickListing(root)
      assert.deepStrictEqual(
        new Map(entries.map((entry) => [entry.name, entry.isDirectory()])),
        new Map([
          ["a.txt", false],
          ["b", true]
        ])
      )
      for (const limit of [0, 1, 2, 3])
        assert.lengthOf((yield* quickListing(root, limit)).entries, Math.min(limit, 2), String(limit))
      assert.strictEqual((yield* Effect.flip(quickListing(join(root, "a.txt")))).code, "ENOTDIR")
      assert.strictEqual((yield* Effect.flip(quickRead(join(root, "none"), 1))).code, "ENOENT")
    })
  )

  it.live("refuse a path that leads elsewhere, by its last part or one before, and wait for no pipe", () =>
    Effect.gen(function* () {
      const root = yield* directory
      fs.mkdirSync(join(root, "real"))
      fs.writeFileSync(join(root, "real/a.txt"), "text")
      fs.symlinkSync("real", join(root, "link"))
      fs.symlinkSync("real/a.txt", join(root, "a.txt"))
      execFileSync("mkfifo", [join(root, "pipe")])
      for (const path of ["link/a.txt", "a.txt"])
        assert.strictEqual((yield* Effect.flip(quickRead(join(root, path), 9))).code, "CHANGED", path)
      assert.include(["CHANGED", "ENOTDIR"], (yield* Effect.flip(quickListing(join(root, "link")))).code)
      assert.isUndefined((yield* quickRead(join(root, "pipe"), 9)).bytes)
    })
  )
})
