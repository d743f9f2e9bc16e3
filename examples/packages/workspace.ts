import { FilesManager } from "@parley/domain/FilesManager"
import * as Files from "@parley/workspace/Files"
import { Console, Effect } from "effect"
import { cwd } from "node:process"

// The files that `.parley/context.json` includes, and the project's instructions.
const program = Effect.gen(function* () {
  const { files, skipped } = yield* Effect.flatMap(FilesManager, ({ read }) => read)
  yield* Console.log(`${files.length} files, ${skipped.length} skipped`)
})

Effect.runFork(Effect.provide(program, Files.layer({ root: cwd() })))
