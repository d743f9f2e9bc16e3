import { constants } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { withLockFile } from "@parley/os/LockFile"
import { isOurs, own } from "../disk/OwnDirectory.ts"

/** The size at which a log file is rotated, in bytes, and how much text may wait to be written, in characters. */
export const logFileLimits = { bytes: 1024 * 1024, waiting: 256 * 1024 }
const pause = "200 millis"

// A symbolic link in place of the file is not followed, on systems that support this.
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
  // Checked again under the lock: another process may have rotated the file meanwhile, and its new file must not be rotated.
  const rotateIfFull = Effect.flatMap(isFull, (full) => (full ? rotate : Effect.void))
  if (yield* isFull)
    yield* Effect.ignore(withLockFile(`${path}.lock`, { longestHold: "2 seconds", unusable: String }, rotateIfFull))
  yield* Effect.acquireUseRelease(
    attempt(() => fs.open(path, flags, 0o600)),
    Effect.fnUntraced(function* (handle) {
      if (!isOurs(yield* attempt(() => handle.stat()))) return
      // An existing file may have another mode; restrict it to its owner.
      yield* attempt(() => handle.chmod(0o600))
      yield* attempt(() => handle.appendFile(text))
    }),
    (handle) => Effect.ignore(attempt(() => handle.close()))
  )
})

/**
 * Writes lines to `NAME.log` in a directory: one file of at most 1 MiB and one older file (`NAME.log.1`), readable only by
 * their owner. The returned function does not wait for the disk; lines that arrive faster than they can be written are
 * dropped. Lines are also dropped, without an error, if the file cannot be written, or if the directory or the file belongs
 * to another user or is a symbolic link.
 */
export const logFile = Effect.fnUntraced(function* (directory: string, name: string) {
  let waiting = ""
  const flush = Effect.suspend(() => {
    const text = waiting
    waiting = ""
    return text === "" ? Effect.void : Effect.ignore(append(directory, name, text))
  })
  // Registered first, so that it runs last, when no other fiber writes any more.
  yield* Effect.addFinalizer(() => flush)
  yield* Effect.andThen(Effect.sleep(pause), flush).pipe(Effect.uninterruptible, Effect.forever, Effect.forkScoped)
  return (line: string): void => {
    if (waiting.length + line.length < logFileLimits.waiting) waiting += `${line}\n`
  }
})
