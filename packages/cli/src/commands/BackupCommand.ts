import * as Locations from "@parley/workspace/Locations"
import * as Effect from "effect/Effect"
import { UsageError } from "@parley/app/UsageError"
import * as ProcessInfo from "../process/ProcessInfo.ts"
import { Output } from "../output/Output.ts"

/** Reads no configuration, so that a backup can be made while the configuration is broken. */
export const backup = Effect.fn("parley sessions backup")(function* (file: string) {
  if (file.trim() === "")
    return yield* new UsageError({
      problem: "The name of the backup file is empty; name a file that does not exist yet"
    })
  const output = yield* Output
  const { databaseFile } = yield* Locations.user({ env: ProcessInfo.env })
  const Backup = yield* Effect.promise(() => import("@parley/store/Backup"))
  const target = ProcessInfo.absolute(file)
  yield* Effect.catchTag(Backup.make({ filename: databaseFile, target }), "BackupRefused", ({ message }) =>
    Effect.fail(new UsageError({ problem: message }))
  )
  yield* output.text(`${target}\n`)
  yield* output.note("Copied and verified the sessions of all workspaces; only you can read the file")
})
