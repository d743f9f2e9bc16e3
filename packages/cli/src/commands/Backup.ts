import * as Locations from "@parley/workspace/Locations"
import * as Effect from "effect/Effect"
import { UsageError } from "../ExitCode.ts"
import * as Host from "../internal/Host.ts"
import { Output } from "../Output.ts"

/** Needs no configuration: a broken one is no reason to go without a backup. */
export const backup = Effect.fn("parley sessions backup")(function* (file: string) {
  if (file.trim() === "") return yield* new UsageError({ problem: "Give the name of the file to make" })
  const output = yield* Output
  const { databaseFile } = yield* Locations.user({ env: Host.env })
  const Backup = yield* Effect.promise(() => import("@parley/store/Backup"))
  const target = Host.absolute(file)
  yield* Effect.catchTag(Backup.make({ filename: databaseFile, target }), "BackupRefused", ({ message }) =>
    Effect.fail(new UsageError({ problem: message }))
  )
  yield* output.text(`${target}\n`)
  yield* output.note("Copied and checked the sessions of all workspaces; only you may read the file")
})
