import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs/promises"
import process from "node:process"
import { attempt, basename, dirname, join, realpath, realpathWithin } from "./Disk.ts"
import { isMissing, type Unreadable } from "./Unreadable.ts"

/** Creates what is missing of a directory, for its owner only. What exists keeps its mode. */
export const ensureDirectory = (path: string): Effect.Effect<void, Unreadable> =>
  Effect.asVoid(attempt(() => fs.mkdir(path, { recursive: true, mode: 0o700 })))

/** The file that a write to `path` replaces: links are followed, so that a linked configuration stays linked. */
export const target = Effect.fnUntraced(function* (path: string, within: string | undefined) {
  const real = (path: string) => (within === undefined ? realpath(path) : realpathWithin(within, path))
  return yield* real(path).pipe(
    Effect.catchIf(isMissing, () => Effect.map(real(dirname(path)), (directory) => join(directory, basename(path))))
  )
})

const fill = Effect.fnUntraced(function* (temporary: string, text: string) {
  yield* Effect.acquireUseRelease(
    attempt(() => fs.open(temporary, "wx", 0o600)),
    Effect.fnUntraced(function* (handle) {
      // The mode given to `open` passes through the umask.
      yield* attempt(() => handle.chmod(0o600))
      yield* attempt(() => handle.writeFile(text))
      yield* attempt(() => handle.sync())
    }),
    (handle) => attempt(() => handle.close())
  )
})

/** A rename is on the disk once its directory is. Some systems cannot sync a directory; there the rename stands as it is. */
const syncDirectory = (path: string): Effect.Effect<void> =>
  Effect.acquireUseRelease(
    attempt(() => fs.open(path, "r")),
    (handle) => attempt(() => handle.sync()),
    (handle) => attempt(() => handle.close())
  ).pipe(Effect.ignore)

/** A file that is mounted by itself, as into a container, can be written and not replaced: Linux says that it is busy. */
const isMount = ({ code }: Unreadable): boolean => code === "EBUSY" && process.platform === "linux"

/** The text is on the disk as a whole, in a file beside it, before the first byte of the old one goes. */
const overwrite = Effect.fnUntraced(function* (file: string, text: string) {
  yield* Effect.acquireUseRelease(
    attempt(() => fs.open(file, "r+")),
    Effect.fnUntraced(function* (handle) {
      // Whoever mounted it may be its owner.
      yield* Effect.ignore(attempt(() => handle.chmod(0o600)))
      yield* attempt(() => handle.truncate(0))
      yield* attempt(() => handle.writeFile(text))
      yield* attempt(() => handle.sync())
    }),
    (handle) => attempt(() => handle.close())
  )
})

/**
 * Replaces a file by `text`, readable by its owner only. Whoever reads `path`, at any time and after any crash, gets the
 * old text or the new one, whole. Only a file that is a mount of its own is overwritten instead: a crash in the middle of
 * that leaves the new text in a file beside it whose name ends in `.tmp`.
 *
 * `check` runs when all is ready, right before the old text goes: when it fails, the old text stays.
 */
export const write = Effect.fnUntraced(function* (
  path: string,
  text: string,
  {
    check = Effect.void,
    within
  }: { readonly check?: Effect.Effect<void, Unreadable>; readonly within?: string | undefined } = {}
) {
  yield* ensureDirectory(dirname(path))
  const file = yield* target(path, within)
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(8).toString("hex")}.tmp`)
  yield* fill(temporary, text).pipe(
    Effect.andThen(check),
    Effect.andThen(attempt(() => fs.rename(temporary, file))),
    Effect.catchIf(isMount, () =>
      Effect.andThen(
        overwrite(file, text),
        attempt(() => fs.unlink(temporary))
      )
    ),
    Effect.tapError(() => Effect.ignore(attempt(() => fs.unlink(temporary))))
  )
  yield* syncDirectory(dirname(file))
}, Effect.uninterruptible)
