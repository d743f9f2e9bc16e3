import * as ConfinedFile from "@parley/os/ConfinedFile"
import type { DiskError } from "@parley/os/ConfinedFile"
import { hasQuickReads, quickListing } from "@parley/os/QuickReads"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Dirent } from "node:fs"
import * as fs from "node:fs/promises"
import * as nodePath from "node:path"
import { fromCause, fromDisk, type Unreadable } from "./Unreadable.ts"
import * as Withholding from "./Withholding.ts"

export { type Identity, isInside, sameContent } from "@parley/os/ConfinedFile"

export const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, Unreadable> =>
  Effect.tryPromise({ try: run, catch: fromCause })

export const join = nodePath.join
export const dirname = nodePath.dirname
export const basename = nodePath.basename
export const resolve = nodePath.resolve
/** The path of a directory relative to one above it, with `/`; empty for the same one. */
export const relativeTo = (root: string, directory: string): string =>
  nodePath.relative(root, directory).split(nodePath.sep).join("/")
export const joinFor = (platform: string): typeof nodePath.join =>
  platform === "win32" ? nodePath.win32.join : nodePath.posix.join

const inWords = <A, R>(self: Effect.Effect<A, DiskError | Unreadable, R>): Effect.Effect<A, Unreadable, R> =>
  Effect.catchTag(self, "DiskError", (error) => error.pipe(fromDisk, Effect.fail))

export const realpath = (path: string): Effect.Effect<string, Unreadable> => inWords(ConfinedFile.realpath(path))

/** The kind of entry at a path. A symbolic link in the last component is not followed and counts as `other`. */
export const kind = (path: string): Effect.Effect<"file" | "directory" | "other", Unreadable> =>
  Effect.map(
    attempt(() => fs.lstat(path)),
    (found) => (found.isFile() ? "file" : found.isDirectory() ? "directory" : "other")
  )

export const isLink = (path: string): Effect.Effect<boolean, Unreadable> =>
  Effect.map(
    attempt(() => fs.lstat(path)),
    (found) => found.isSymbolicLink()
  )

/** A directory that must contain what is read. If its real path was resolved before, it is not resolved again. */
export type Within = string | { readonly real: string }

const placeOf = Effect.fnUntraced(function* (within: Within | undefined, path: string) {
  const root = typeof within === "string" ? yield* ConfinedFile.realpath(within) : within?.real
  return yield* ConfinedFile.resolve(root, path)
})

/** The real path of `path`. Fails with `OUTSIDE` if it is not in the real path of `root`. */
export const realpathWithin = (root: string, path: string): Effect.Effect<string, Unreadable> =>
  inWords(Effect.map(placeOf(root, path), ({ real }) => real))

/** Identifies the regular file that a path in `within` resolves to, without opening anything. */
export const identify = Effect.fnUntraced(function* (path: string, within: Within) {
  const place = yield* placeOf(within, path)
  const found = yield* ConfinedFile.inspect(place)
  yield* Withholding.admit(place, found)
  yield* ConfinedFile.regular(found)
  const identity: ConfinedFile.Identity = found
  return identity
}, inWords)

export interface ReadOptions {
  /** In bytes; a larger file fails with `TOO_LARGE`. */
  readonly limit: number
  /** The directory that must contain the file's real path. */
  readonly within?: string | undefined
  /** Read only this many bytes from the beginning; the file may then have any size. */
  readonly first?: number | undefined
}

/**
 * Reads all bytes of a regular file, or its first ones, as they were at one moment. Never opens or waits for a pipe or a
 * device, and never returns anything from outside `within`, no matter which links exist or are created meanwhile (see
 * `ConfinedFile.open`). If the file changes meanwhile, it is read again, three times at most.
 */
export const read = Effect.fnUntraced(
  function* (path: string, { first, limit, within }: ReadOptions) {
    const place = yield* placeOf(within, path)
    const found = yield* ConfinedFile.inspect(place)
    yield* ConfinedFile.regular(found, first === undefined ? limit : undefined)
    yield* Withholding.admit(place, found)
    const { handle, status } = yield* ConfinedFile.open(place, found)
    yield* Withholding.admit(place, status)
    const content = yield* ConfinedFile.read(handle, limit, first)
    yield* Withholding.admitContent(place, content.bytes)
    return content
  },
  Effect.scoped,
  ConfinedFile.retryChanged,
  inWords
)

/** The entries of a directory whose path has no links, in one step; undefined if it has some, or cannot be listed this way. */
const listQuickly = Effect.fnUntraced(function* (path: string, within: Within, limit: number) {
  if (!hasQuickReads || typeof within === "string" || !ConfinedFile.isInside(within.real, path)) return undefined
  const found = yield* Effect.option(quickListing(path, limit))
  if (Option.isNone(found)) return undefined
  yield* Withholding.admit({ root: within.real, path, real: path }, found.value.status)
  return found.value.entries
})

/**
 * At most `limit` entries of the directory that a path resolves to, which must be in `within`; on Linux this holds even if
 * links are created meanwhile. Parley's own directories are left out, and with `every` also its own files and links to them.
 */
export const list = Effect.fnUntraced(function* (path: string, within: Within, limit: number, every = false) {
  const mayBeOwn = (entry: Dirent) => every || entry.isDirectory()
  const quickly = yield* listQuickly(path, within, limit)
  if (quickly !== undefined) return yield* Withholding.visible(path, quickly, mayBeOwn)
  const place = yield* placeOf(within, path)
  const entries = yield* ConfinedFile.list(place, (status) => Withholding.admit(place, status), limit)
  return yield* Withholding.visible(place.real, entries, mayBeOwn)
}, inWords)
