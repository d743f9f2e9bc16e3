import { constants } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { withLockFile } from "@parley/os/LockFile"
import { isOurs, own } from "./OwnDirectory.ts"

/** How large one file grows before it becomes the older one, and how much may wait to be written. */
export const logFileLimits = { bytes: 1024 * 1024, waiting: 256 * 1024 }
const pause = "200 millis"

// A link in the place of the file is not followed, where the system can do that.
const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)

const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise(run)

const append = Effect.fnUntraced(function* (directory: string, name: string, text: string) {
  yield* own(directory)
  const path = join(directory, `${name}.log`)
  const isFull = attempt(() => fs.stat(path)).pipe(
    Effect.map(({ size }) => size > 0 && size + text.length > logFileLimits.bytes),
    Effect.orElseSucceed(() => false)
  )
  const rotate = attempt(() => fs.rename(path, `${path}.1`))
  // Another process may have rotated it between the two looks; what it has begun is not the older file.
  const rotateIfFull = Effect.flatMap(isFull, (full) => (full ? rotate : Effect.void))
  if (yield* isFull)
    yield* Effect.ignore(withLockFile(`${path}.lock`, { longestHold: "2 seconds", unusable: String }, rotateIfFull))
  yield* Effect.acquireUseRelease(
    attempt(() => fs.open(path, flags, 0o600)),
    Effect.fnUntraced(function* (handle) {
      if (!isOurs(yield* attempt(() => handle.stat()))) return
      // One that was there already, with whatever mode, is for its owner only from now on.
      yield* attempt(() => handle.chmod(0o600))
      yield* attempt(() => handle.appendFile(text))
    }),
    (handle) => Effect.ignore(attempt(() => handle.close()))
  )
})

/**
 * Lines for `NAME.log` in a directory: readable by their owner only, a megabyte and one older file of that size. Written a
 * little later and never waited for; what comes faster than the disk takes it is dropped. A file that cannot be written
 * costs its lines and nothing else; so does a directory, or a file, that is another user's, or a link.
 */
export const logFile = Effect.fnUntraced(function* (directory: string, name: string) {
  let waiting = ""
  const flush = Effect.suspend(() => {
    const text = waiting
    waiting = ""
    return text === "" ? Effect.void : Effect.ignore(append(directory, name, text))
  })
  // Registered first, so that it runs last: when nobody writes any more.
  yield* Effect.addFinalizer(() => flush)
  yield* Effect.andThen(Effect.sleep(pause), flush).pipe(Effect.uninterruptible, Effect.forever, Effect.forkScoped)
  return (line: string): void => {
    if (waiting.length + line.length < logFileLimits.waiting) waiting += `${line}\n`
  }
})
