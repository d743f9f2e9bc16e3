import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs/promises"
import process from "node:process"
import { attempt, basename, dirname, join, realpath, realpathWithin } from "./SafeFile.ts"
import { isMissing, type Unreadable } from "./Unreadable.ts"

/** Creates a directory and its missing parents, with access for the owner only. Existing directories keep their modes. */
export const ensureDirectory = (path: string): Effect.Effect<void, Unreadable> =>
  Effect.asVoid(attempt(() => fs.mkdir(path, { recursive: true, mode: 0o700 })))

/** The file that a write to `path` replaces. Links are followed, so that a linked configuration file stays a link. */
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

/** Makes a rename durable by syncing its directory. Where a system cannot sync directories, this does nothing. */
const syncDirectory = (path: string): Effect.Effect<void> =>
  Effect.acquireUseRelease(
    attempt(() => fs.open(path, "r")),
    (handle) => attempt(() => handle.sync()),
    (handle) => attempt(() => handle.close())
  ).pipe(Effect.ignore)

/** A file that is itself a mount point, as in a container, can be written but not replaced: Linux reports `EBUSY`. */
const isMount = ({ code }: Unreadable): boolean => code === "EBUSY" && process.platform === "linux"

/** Overwrites a file in place. The caller has stored the whole text in a temporary file first, in case this is cut short. */
const overwrite = Effect.fnUntraced(function* (file: string, text: string) {
  yield* Effect.acquireUseRelease(
    attempt(() => fs.open(file, "r+")),
    Effect.fnUntraced(function* (handle) {
      // This fails if the file belongs to another user, such as the one who mounted it.
      yield* Effect.ignore(attempt(() => handle.chmod(0o600)))
      yield* attempt(() => handle.truncate(0))
      yield* attempt(() => handle.writeFile(text))
      yield* attempt(() => handle.sync())
    }),
    (handle) => attempt(() => handle.close())
  )
})

/**
 * Replaces a file by `text`, readable by its owner only. Readers of `path` get either the complete old text or the complete
 * new text, at any time and after any crash. The exception is a file that is itself a mount point, which is overwritten in
 * place: a crash during that leaves the new text in a file next to it whose name ends in `.tmp`.
 *
 * `check` runs right before the replacement: if it fails, the old text stays.
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
