import { closeSync, linkSync, lstatSync, mkdirSync, openSync, renameSync, type Stats, statSync, rmSync } from "node:fs"
import { dirname, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { StorageError } from "@parley/domain/Errors"
import { faultOf, refusal } from "@parley/domain/Ownership"
import { randomDigits } from "./randomBytes.ts"
import { self } from "@parley/os/Self"
import { storageError } from "./storageError.ts"

/** Removes a temporary file. If that fails the file stays, which is harmless: drafts are never opened again. */
export const discard = (path: string): Effect.Effect<void> =>
  Effect.sync(() => {
    try {
      rmSync(path, { force: true })
    } catch {
      // Ignored, so that an earlier error is not hidden by this one.
    }
  })

const attempt = <A>(path: string, body: () => A): Effect.Effect<A, StorageError> =>
  Effect.try({ try: body, catch: (cause) => storageError("open", path, cause) })

const unusable = (reason: StorageError["reason"], detail: string) =>
  Effect.fail(new StorageError({ operation: "open", reason, detail }))

const judge = (path: string, found: Stats | undefined): Effect.Effect<void, StorageError> => {
  const me = self()
  const fault = found === undefined ? undefined : faultOf(me, found)
  return fault === undefined ? Effect.void : unusable("Unavailable", `${path} ${refusal(me, path, fault)}`)
}

/**
 * Fails if another user could have written the database, or can replace it. Its directory may be a symbolic link; the
 * database itself may not, because SQLite keeps its other files in the same directory.
 */
export const checkOwnership = Effect.fnUntraced(function* (filename: string) {
  const path = resolve(filename)
  const directory = dirname(path)
  const around = yield* attempt(path, () => statSync(directory, { throwIfNoEntry: false }))
  if (around?.isDirectory() === true) yield* judge(directory, around)
  const found = yield* attempt(path, () => lstatSync(path, { throwIfNoEntry: false }))
  if (found?.isSymbolicLink() === true)
    return yield* unusable(
      "Unavailable",
      `${path} is a symbolic link; put the database itself there, or make its directory a symbolic link instead`
    )
  yield* judge(path, found)
})

/** Fails if the file cannot be a database. A pipe or a device is refused before it is opened: opening may block forever. */
const usable = (path: string, stats: Stats): Effect.Effect<void, StorageError> =>
  !stats.isFile()
    ? unusable("Unavailable", `${path} is not a regular file`)
    : stats.size === 0
      ? unusable("Corrupt", `${path} is empty, and Parley never leaves a database empty`)
      : Effect.void

const withoutHardLinks = new Set<unknown>(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"])

/** Gives the finished draft its final name, unless another process has created the database meanwhile. */
const publish = (draft: string, path: string): void => {
  try {
    linkSync(draft, path)
  } catch (cause) {
    if (!Predicate.hasProperty(cause, "code")) throw cause
    if (cause.code === "EEXIST") return
    if (!withoutHardLinks.has(cause.code)) throw cause
    if (statSync(path, { throwIfNoEntry: false }) === undefined) renameSync(draft, path)
  }
}

/**
 * Makes sure that `path` is a database file. A new one is written under another name and then linked into place, so that
 * neither a crash nor another process ever finds an incomplete database. It is private from the start, whatever the umask:
 * SQLite gives its `-wal` and `-shm` files the same mode.
 */
export const ensure = Effect.fnUntraced(function* (
  path: string,
  initialise: (draft: string) => Effect.Effect<void, StorageError>
) {
  const before = yield* attempt(path, () => statSync(path, { throwIfNoEntry: false }))
  if (before !== undefined) return yield* usable(path, before)
  const log = yield* attempt(path, () => statSync(`${path}-wal`, { throwIfNoEntry: false }))
  // SQLite would apply the old log to the new file.
  if (log !== undefined && log.size > 0)
    return yield* unusable(
      "Corrupt",
      `${path} is missing, but ${path}-wal still exists; put ${path} back, or move ${path}-wal away`
    )
  yield* attempt(path, () => mkdirSync(dirname(path), { recursive: true, mode: 0o700 }))
  const draft = `${path}.${randomDigits(12)}.new`
  yield* Effect.acquireUseRelease(
    attempt(path, () => closeSync(openSync(draft, "wx", 0o600))),
    () =>
      Effect.andThen(
        initialise(draft),
        attempt(path, () => publish(draft, path))
      ),
    () => Effect.forEach(["", "-wal", "-shm", "-journal"], (end) => discard(draft + end), { discard: true })
  )
  const after = yield* attempt(path, () => statSync(path, { throwIfNoEntry: false }))
  if (after === undefined) return yield* unusable("Unavailable", `${path} is a symbolic link to nothing`)
  return yield* usable(path, after)
})

/** Identifies the file at a path by device and inode; undefined if there is none or it cannot be inspected. */
export const fileAt = (path: string): string | undefined => {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

/**
 * Fails if `path` is no longer the file that was opened. SQLite would continue to write to a removed file, where the data is
 * lost, or mix the log of one database with the file of another.
 */
export const inPlace = (path: string, opened: string): Effect.Effect<void, StorageError> =>
  Effect.suspend(() => {
    const now = fileAt(path)
    if (now === opened) return Effect.void
    const what = now === undefined ? "was deleted or moved away" : "was replaced by another file"
    return Effect.fail(
      new StorageError({
        operation: "check",
        reason: "Unavailable",
        detail: `${path} ${what} while it was open; put it back, or start Parley again to use what is there now`
      })
    )
  })
