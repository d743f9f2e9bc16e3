import { FilesManager } from "@parley/domain/FilesManager"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as FileNotices from "../src/engine/FileNotices.ts"
import { type Notice, Notices } from "../src/ports/Notices.ts"

it.effect("each file that no model is shown and each mention that is not attached is reported once", () => {
  const told: Array<Notice> = []
  const skipped = [{ path: "a.bin", reason: "is not text" }]
  const files = Layer.succeed(FilesManager, {
    read: Effect.sync(() => ({ files: [], skipped: [...skipped] })),
    attach: (text) => Effect.succeed([{ _tag: "NotAttached", path: text, reason: "there is no such file" }])
  })
  const notices = Layer.succeed(Notices, { notify: (notice) => Effect.sync(() => void told.push(notice)) })
  return Effect.gen(function* () {
    const { attach, leftOut, read } = yield* FilesManager
    yield* read
    yield* read
    skipped.push({ path: "b.bin", reason: "is not text" })
    yield* read
    yield* attach?.("c.md", {}) ?? Effect.void
    yield* attach?.("c.md", {}) ?? Effect.void
    yield* leftOut?.([{ path: "large.txt", reason: "it is too large for this model" }]) ?? Effect.void
    yield* leftOut?.([{ path: "large.txt", reason: "it is too large for this model" }]) ?? Effect.void
    assert.deepStrictEqual(told, [
      { _tag: "FilesLeftOut", files: [{ path: "a.bin", reason: "is not text" }] },
      { _tag: "FilesLeftOut", files: [{ path: "b.bin", reason: "is not text" }] },
      { _tag: "NotAttached", file: { path: "c.md", reason: "there is no such file" } },
      { _tag: "FilesLeftOut", files: [{ path: "large.txt", reason: "it is too large for this model" }] }
    ])
  }).pipe(Effect.provide(Layer.provide(FileNotices.layer, Layer.merge(files, notices))))
})
