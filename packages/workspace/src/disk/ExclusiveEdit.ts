import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { withLockFile } from "@parley/os/LockFile"
import { ensureDirectory, target } from "./AtomicWrite.ts"
import * as SafeFile from "./SafeFile.ts"
import { fromCause } from "./Unreadable.ts"

/** An edit takes milliseconds, or a second or two on a slow disk. A lock that is older than this is stale. */
const longestHold = "15 seconds"

/** Edits of this process wait here, in order and without polling. They are rare, so one queue serves all files. */
const queue = Semaphore.makeUnsafe(1)

/**
 * Runs an edit of the file at `path` while no other fiber or process edits it, even through different links. Creates the
 * file's directory. The lock is a file in the same directory whose name ends in `.lock`.
 */
export const alone = Effect.fnUntraced(
  function* <A, E, R>(path: string, within: string | undefined, edit: Effect.Effect<A, E, R>) {
    yield* ensureDirectory(SafeFile.dirname(path))
    const real = yield* target(path, within)
    const lock = SafeFile.join(SafeFile.dirname(real), `.${SafeFile.basename(real)}.lock`)
    return yield* withLockFile(lock, { longestHold, unusable: fromCause }, edit)
  },
  (edited) => queue.withPermit(edited)
)
