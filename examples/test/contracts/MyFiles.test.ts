import { FilesManager } from "@parley/domain/FilesManager"
import * as FilesManagerContract from "@parley/testing/FilesManagerContract"
import { Effect, Layer } from "effect"

const files = [{ path: "notes.md", text: "Remember the milk." }]
FilesManagerContract.suite("my files", {
  layer: Layer.succeed(FilesManager, { read: Effect.succeed({ files, skipped: [] }) })
})
