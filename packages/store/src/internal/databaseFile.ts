import { closeSync, linkSync, lstatSync, mkdirSync, openSync, renameSync, type Stats, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { StorageError } from "@parley/domain/Errors"
import { faultOf, refusal } from "@parley/domain/Ownership"
import { discard } from "./discard.ts"
import { randomDigits } from "./random.ts"
import { self } from "@parley/os/Self"
import { storageError } from "./storageError.ts"

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
 * Fails when another user could have written the database, or can put one in its place. Its directory may be a link; the
 * database itself may not, as SQLite's other files are beside it.
 */
export const believed = Effect.fnUntraced(function* (filename: string) {
  const path = resolve(filename)
  const directory = dirname(path)
  const around = yield* attempt(path, () => statSync(directory, { throwIfNoEntry: false }))
  if (around?.isDirectory() === true) yield* judge(directory, around)
  const found = yield* attempt(path, () => lstatSync(path, { throwIfNoEntry: false }))
  if (found?.isSymbolicLink() === true)
    return yield* unusable(
      "Unavailable",
      `${path} is a symbolic link; put the database itself there, or make its directory the link`
    )
  yield* judge(path, found)
})

/** A pipe or a device is refused before it is opened: opening one may never return. */
const usable = (path: string, stats: Stats): Effect.Effect<void, StorageError> =>
  !stats.isFile()
    ? unusable("Unavailable", `${path} is not a regular file`)
    : stats.size === 0
      ? unusable("Corrupt", `${path} is empty, and Parley never leaves a database empty`)
      : Effect.void

const withoutHardLinks = new Set<unknown>(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"])

/** Gives the finished draft its name, unless another process was first. */
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
 * no crash leaves half a database and no other process sees one. It is private from its first moment, whatever the umask:
 * SQLite gives its `-wal` and `-shm` files the same mode.
 */
export const ensure = Effect.fnUntraced(function* (
  path: string,
  initialise: (draft: string) => Effect.Effect<void, StorageError>
) {
  const before = yield* attempt(path, () => statSync(path, { throwIfNoEntry: false }))
  if (before !== undefined) return yield* usable(path, before)
  const log = yield* attempt(path, () => statSync(`${path}-wal`, { throwIfNoEntry: false }))
  // SQLite would take it over into the new file.
  if (log !== undefined && log.size > 0)
    return yield* unusable(
      "Corrupt",
      `${path} is missing and ${path}-wal is still there; put the one back or move the other away`
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
