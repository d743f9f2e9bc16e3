import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Scope } from "effect/Scope"
import { type BigIntStats, constants, type Dir, type Dirent } from "node:fs"
import * as fs from "node:fs/promises"
import { sep } from "node:path"
import process from "node:process"

/**
 * Why a file or directory cannot be used. `code` is the operating system's, or one of `OUTSIDE`, `CHANGED`, `NOT_FILE`,
 * `TOO_LARGE` and `NO_PROC` (Linux without `/proc`). Callers describe it in their own words.
 *
 * @since 0.1.0
 * @category errors
 */
export class DiskError extends Schema.TaggedError<DiskError>()("DiskError", {
  code: Schema.String,
  /** What it is instead of a file, with `NOT_FILE`. `generated`: by the system, while it is read. */
  kind: Schema.optionalKey(Schema.Literals(["pipe", "socket", "device", "generated"])),
  /** The size and the limit in bytes, with `TOO_LARGE`. */
  size: Schema.optionalKey(Schema.BigInt),
  limit: Schema.optionalKey(Schema.Finite)
}) {}

const isDiskError = Schema.is(DiskError)

/**
 * The code of an error of the operating system.
 *
 * @since 0.1.0
 * @category functions
 */
export const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : "UNKNOWN"

const failing = (cause: unknown) => new DiskError({ code: codeOf(cause) })

/**
 * Runs a function of `node:fs`, and maps its rejection to a `DiskError`.
 *
 * @since 0.1.0
 * @category functions
 */
export const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, DiskError> =>
  Effect.tryPromise({ try: run, catch: failing })

/**
 * The path without links. Fails with the system's code if the path does not exist.
 *
 * @since 0.1.0
 * @category functions
 */
export const realpath = (path: string): Effect.Effect<string, DiskError> => attempt(() => fs.realpath(path))

/**
 * Whether `real` is `root` or below it. Both must be real paths. The separator keeps `/ws-evil` out of `/ws`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isInside = (root: string, real: string): boolean =>
  real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)

/**
 * A path and where it leads. `real` was in `root`, a real path, when it was resolved; without `root` it may be anywhere.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly root: string | undefined
  readonly path: string
  readonly real: string
}

/**
 * Resolves all links of a path. Fails with `OUTSIDE` if it leads out of `root`, which must be a real path.
 *
 * @since 0.1.0
 * @category functions
 */
export const resolve = Effect.fnUntraced(function* (root: string | undefined, path: string) {
  const real = yield* realpath(path)
  if (root !== undefined && !isInside(root, real)) return yield* new DiskError({ code: "OUTSIDE" })
  return { root, path, real } satisfies Place
})

/**
 * Identifies a file and its content, as far as the operating system records changes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/**
 * Whether both are one file, whatever its content is.
 *
 * @since 0.1.0
 * @category functions
 */
export const sameFile = (a: Pick<Identity, "dev" | "ino">, b: Pick<Identity, "dev" | "ino">): boolean =>
  a.dev === b.dev && a.ino === b.ino

/**
 * Whether both are one file that was not changed in between.
 *
 * @since 0.1.0
 * @category functions
 */
export const sameContent = (a: Identity, b: Identity): boolean =>
  sameFile(a, b) && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

const changed = new DiskError({ code: "CHANGED" })

/**
 * Tries again, three times at most, while what is read changes.
 *
 * @since 0.1.0
 * @category functions
 */
export const retryChanged = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(self, { times: 3, while: (error) => isDiskError(error) && error.code === "CHANGED" })

/**
 * The status of a place, without opening it: opening a FIFO would block.
 *
 * @since 0.1.0
 * @category functions
 */
export const inspect = Effect.fnUntraced(function* ({ real }: Place) {
  const status = yield* attempt(() => fs.lstat(real, { bigint: true }))
  // A real path has no links, so this one is new.
  return status.isSymbolicLink() ? yield* changed : status
})

/**
 * Fails unless it is a regular file with at most `limit` bytes.
 *
 * @since 0.1.0
 * @category functions
 */
export const regular = (found: BigIntStats, limit = Number.MAX_SAFE_INTEGER): Effect.Effect<void, DiskError> => {
  if (found.size > BigInt(limit) && found.isFile())
    return Effect.fail(new DiskError({ code: "TOO_LARGE", size: found.size, limit }))
  if (found.isDirectory()) return Effect.fail(new DiskError({ code: "EISDIR" }))
  if (found.isFile()) return Effect.void
  const kind = found.isFIFO() ? "pipe" : found.isSocket() ? "socket" : "device"
  return Effect.fail(new DiskError({ code: "NOT_FILE", kind }))
}

// On macOS: refuse links in every part of the path, not only the last (`O_NOFOLLOW_ANY` of fcntl.h).
const noLinks = process.platform === "darwin" ? 0x20000000 : (constants.O_NOFOLLOW ?? 0)
// If the file is replaced by a FIFO or a terminal between the checks, `open` must not block.
const reading = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0) | noLinks
const listing = reading | (constants.O_DIRECTORY ?? 0)

/** Fails unless a path still leads to the same file at the same place. */
const unmoved = Effect.fnUntraced(function* ({ path, real }: Place, status: BigIntStats) {
  const before = yield* realpath(path)
  const found = yield* attempt(() => fs.lstat(real, { bigint: true }))
  if (before !== real || !sameFile(found, status) || (yield* realpath(path)) !== real) return yield* changed
})

/**
 * Fails unless an open file is at the place that was checked. On Linux the kernel reports where it is, which leaves no race.
 * Elsewhere the path is resolved again and must lead to the same file, so that an attacker who swaps directories has to win
 * three races.
 */
const inPlace = (handle: fs.FileHandle, place: Place, status: BigIntStats): Effect.Effect<void, DiskError> =>
  process.platform === "linux"
    ? attempt(() => fs.readlink(`/proc/self/fd/${handle.fd}`)).pipe(
        Effect.mapError(() => new DiskError({ code: "NO_PROC" })),
        Effect.flatMap((real) => (real === place.real ? Effect.void : Effect.fail(changed)))
      )
    : unmoved(place, status)

/**
 * An open file, and its status at the time when it was opened.
 *
 * @since 0.1.0
 * @category models
 */
export interface Opened {
  readonly handle: fs.FileHandle
  readonly status: BigIntStats
}

const openWith = Effect.fnUntraced(function* (
  place: Place,
  flags: number,
  expected: Pick<Identity, "dev" | "ino"> | undefined
): Effect.fn.Return<Opened, DiskError, Scope> {
  const handle = yield* Effect.acquireRelease(
    attempt(() => fs.open(place.real, flags)).pipe(
      Effect.mapError((error) => (error.code === "ELOOP" ? changed : error))
    ),
    (handle) => Effect.ignore(attempt(() => handle.close()))
  )
  const status = yield* attempt(() => handle.stat({ bigint: true }))
  if (expected !== undefined && !sameFile(status, expected)) return yield* changed
  if (place.root !== undefined) yield* inPlace(handle, place, status)
  return { handle, status }
})

/**
 * Opens the file that `inspect` found, for reading, until the scope ends. Never follows a link or waits for a FIFO. Fails
 * with `CHANGED` if another file is opened, or one that has left `root`, no matter which links were created meanwhile.
 *
 * @since 0.1.0
 * @category functions
 */
export const open = (place: Place, expected: Pick<Identity, "dev" | "ino">): Effect.Effect<Opened, DiskError, Scope> =>
  openWith(place, reading, expected)

/**
 * Reads all bytes of an open regular file, or its first ones, as they were at one moment. A file with more than `limit` bytes
 * fails with `TOO_LARGE`; with `first` it may have any size.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fnUntraced(function* (handle: fs.FileHandle, most: number, first?: number) {
  const limit = first === undefined ? most : Number.MAX_SAFE_INTEGER
  const look = attempt(() => handle.stat({ bigint: true }))
  const opened = yield* look
  yield* regular(opened, limit)
  const wanted = Math.min(Number(opened.size), first ?? limit)
  const buffer = new Uint8Array(first === undefined ? wanted + 1 : wanted)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = yield* attempt(() => handle.read(buffer, length, buffer.length - length, length))
    if (bytesRead === 0) break
    length += bytesRead
  }
  const after = yield* look
  if (length > 0 && opened.size === 0n && sameContent(after, opened))
    return yield* new DiskError({ code: "NOT_FILE", kind: "generated" })
  if (length !== wanted || after.size !== opened.size || after.mtimeNs !== opened.mtimeNs) return yield* changed
  const identity: Identity = opened
  return { bytes: buffer.subarray(0, length), mode: Number(opened.mode), identity }
})

/** Collected without a step of a fiber for each entry: a large workspace has hundreds of thousands. */
const first = (directory: Dir, limit: number): Effect.Effect<ReadonlyArray<Dirent>, DiskError> =>
  Effect.callback((resume) => {
    const found: Array<Dirent> = []
    let stopped = false
    const next = (): void =>
      directory.read((error, entry) => {
        if (stopped) return
        if (error !== null) return resume(Effect.fail(failing(error)))
        if (entry !== null) found.push(entry)
        if (entry === null || found.length >= limit) return resume(Effect.succeed(found))
        next()
      })
    if (limit > 0) next()
    else resume(Effect.succeed(found))
    // The directory is closed then, and reading from a closed one throws.
    return Effect.sync(() => void (stopped = true))
  })

const entries = (directory: string, limit: number | undefined): Effect.Effect<ReadonlyArray<Dirent>, DiskError> =>
  limit === undefined
    ? attempt(() => fs.readdir(directory, { withFileTypes: true }))
    : Effect.acquireUseRelease(
        attempt(() => fs.opendir(directory, { bufferSize: 512 })),
        (opened) => first(opened, limit),
        (opened) => Effect.ignore(attempt(() => opened.close()))
      )

/**
 * The entries of the directory at a place, in the order of the file system: all, or at most `limit`. `admit` decides whether
 * the directory that was opened may be listed. On Linux it is listed through its open file descriptor, which stays valid even
 * if the path is replaced meanwhile. Elsewhere the path must lead to the same directory before and after; Windows cannot open
 * directories.
 *
 * @since 0.1.0
 * @category functions
 */
export const list = Effect.fnUntraced(function* <E, R>(
  place: Place,
  admit: (status: BigIntStats) => Effect.Effect<void, E, R>,
  limit?: number
) {
  const opened = process.platform === "win32" ? undefined : yield* openWith(place, listing, undefined)
  const status = opened?.status ?? (yield* inspect(place))
  yield* admit(status)
  if (opened !== undefined && process.platform === "linux")
    return yield* entries(`/proc/self/fd/${opened.handle.fd}`, limit)
  const found = yield* entries(place.real, limit)
  yield* unmoved(place, status)
  return found
}, Effect.scoped)
