import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { withLockFile } from "@parley/os/LockFile"
import { ensureDirectory, target } from "./Atomic.ts"
import * as Disk from "./Disk.ts"
import { fromCause } from "./Unreadable.ts"

/** Reading, changing and writing a file takes milliseconds, on a slow disk a second or two. */
const longestHold = "15 seconds"

/** Within the process edits queue here, in order and without polling. They are rare, so one queue serves all files. */
const queue = Semaphore.makeUnsafe(1)

/**
 * Runs an edit of the file at `path` while no other fiber or process runs one, by whatever links they name the file. Makes
 * the file's directory. The lock is a file beside it whose name ends in `.lock`.
 */
export const alone = Effect.fnUntraced(
  function* <A, E, R>(path: string, within: string | undefined, edit: Effect.Effect<A, E, R>) {
    yield* ensureDirectory(Disk.dirname(path))
    const real = yield* target(path, within)
    const lock = Disk.join(Disk.dirname(real), `.${Disk.basename(real)}.lock`)
    return yield* withLockFile(lock, { longestHold, unusable: fromCause }, edit)
  },
  (edited) => queue.withPermit(edited)
)
