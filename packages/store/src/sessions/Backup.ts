import * as Effect from "effect/Effect"
import type { StorageError } from "@parley/domain/Errors"
import { type BackupRefused, backup } from "./backupFile.ts"
import { retryBusy } from "../database/retryBusy.ts"
import { BusyLimit } from "../file/StoreSettings.ts"

export { BackupRefused } from "./backupFile.ts"

/**
 * Copies the database `filename`, as it is at one moment, to the new file `target`, which only its owner may read. Works
 * while other processes use the database. The copy gets its name only once it is complete, checked and durable. An existing
 * file is never replaced.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fn("Backup.make")(function* (options: {
  readonly filename: string
  readonly target: string
}): Effect.fn.Return<void, StorageError | BackupRefused> {
  const limit = yield* BusyLimit
  yield* backup(options.filename, options.target).pipe(retryBusy(limit, options.filename))
})
