import * as Effect from "effect/Effect"
import type { StorageError } from "@parley/domain/Errors"
import type { BackupRefused } from "./BackupRefused.ts"
import { backup } from "./internal/backupFile.ts"
import { retryBusy } from "./internal/retryBusy.ts"
import { BusyLimit } from "./StoreSettings.ts"

export { BackupRefused } from "./BackupRefused.ts"

/**
 * Copies the database `filename`, as it is at one moment, to the new file `target`, which only its owner may read. Works
 * while others use the database. The copy has that name only when it is whole, checked and on the disk; nothing is replaced.
 */
export const make = Effect.fn("Backup.make")(function* (options: {
  readonly filename: string
  readonly target: string
}): Effect.fn.Return<void, StorageError | BackupRefused> {
  const limit = yield* BusyLimit
  yield* backup(options.filename, options.target).pipe(retryBusy(limit, options.filename))
})
