import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { type BigIntStats, constants } from "node:fs"
import * as fs from "node:fs/promises"
import * as nodePath from "node:path"
import * as Barrier from "./Barrier.ts"
import { fromCause, Unreadable } from "./Unreadable.ts"

export const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, Unreadable> =>
  Effect.tryPromise({ try: run, catch: fromCause })

export const join = nodePath.join
export const dirname = nodePath.dirname
export const basename = nodePath.basename
export const resolve = nodePath.resolve
export const joinFor = (platform: string): typeof nodePath.join =>
  platform === "win32" ? nodePath.win32.join : nodePath.posix.join

export const realpath = (path: string): Effect.Effect<string, Unreadable> => attempt(() => fs.realpath(path))

/** What kind of thing is there, without following a link in the last place. */
export const kind = (path: string): Effect.Effect<"file" | "directory" | "other", Unreadable> =>
  Effect.map(
    attempt(() => fs.lstat(path)),
    (found) => (found.isFile() ? "file" : found.isDirectory() ? "directory" : "other")
  )

/** Both are real paths. The separator keeps `/ws-evil` out of `/ws`. */
export const isInside = (root: string, real: string): boolean =>
  real === root || real.startsWith(root.endsWith(nodePath.sep) ? root : root + nodePath.sep)

/** The real path of `path`, which must lie in `root`; `root` is resolved as well. */
export const realpathWithin = Effect.fnUntraced(function* (root: string, path: string) {
  const [realRoot, real] = yield* Effect.all([realpath(root), realpath(path)])
  if (isInside(realRoot, real)) return real
  return yield* new Unreadable({ code: "OUTSIDE", problem: "leads out of the workspace" })
})

export interface ReadOptions {
  /** Bytes; a larger file is `TOO_LARGE`. */
  readonly limit: number
  /** The directory that the file must really be in. */
  readonly within?: string | undefined
  /** Only so many bytes of its beginning; the file itself may have any size then. */
  readonly first?: number | undefined
}

// A FIFO or a terminal put in the file's place between the checks must not make `open` wait, nor may a link be followed.
const reading = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY

export const changed = new Unreadable({ code: "CHANGED", problem: "changed while it was being read" })

const regular = (found: BigIntStats, limit: number): Effect.Effect<void, Unreadable> => {
  if (found.size > BigInt(limit) && found.isFile()) {
    return Effect.fail(
      new Unreadable({ code: "TOO_LARGE", problem: `is larger than ${limit} bytes (it has ${found.size})` })
    )
  }
  if (found.isDirectory()) return Effect.fail(new Unreadable({ code: "EISDIR", problem: "is a directory" }))
  if (!found.isFile()) {
    const what = found.isFIFO() ? "a named pipe" : found.isSocket() ? "a socket" : "a device"
    return Effect.fail(new Unreadable({ code: "NOT_FILE", problem: `is ${what}, not a regular file` }))
  }
  return Effect.void
}

/** What tells one content of one file from any other, as far as the system notes changes. */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

export const sameContent = (a: Identity, b: Identity): boolean =>
  sameFile(a, b) && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

/** The regular file that a path in `within` really leads to; nothing is opened for it. */
export const identify = Effect.fnUntraced(function* (path: string, within: string) {
  const real = yield* realpathWithin(within, path)
  const found = yield* attempt(() => fs.stat(real, { bigint: true }))
  yield* Barrier.admit(within, path, real, found)
  yield* regular(found, Number.MAX_SAFE_INTEGER)
  const identity: Identity = found
  return identity
})

export const open = (path: string, flags = reading): Effect.Effect<fs.FileHandle, Unreadable, Scope> =>
  Effect.acquireRelease(
    attempt(() => fs.open(path, flags)),
    (handle) => Effect.ignore(attempt(() => handle.close()))
  )

/**
 * Where an open file lies now, by the kernel's word where there is one (Linux): nothing can slip past that. Elsewhere the
 * path is resolved once more and must lead to the same file, so that whoever swaps directories has to win three races.
 */
export const locationOf = (
  handle: fs.FileHandle,
  path: string,
  opened: BigIntStats
): Effect.Effect<string, Unreadable> =>
  Effect.catch(
    attempt(() => fs.readlink(`/proc/self/fd/${handle.fd}`)),
    () =>
      Effect.gen(function* () {
        const real = yield* realpath(path)
        const found = yield* attempt(() => fs.lstat(real, { bigint: true }))
        return sameFile(found, opened) && (yield* realpath(path)) === real ? real : yield* changed
      })
  )

export const sameFile = (a: Pick<Identity, "dev" | "ino">, b: Pick<Identity, "dev" | "ino">): boolean =>
  a.dev === b.dev && a.ino === b.ino

const readOnce = Effect.fnUntraced(function* (path: string, { first, limit: most, within }: ReadOptions) {
  const limit = first === undefined ? most : Number.MAX_SAFE_INTEGER
  const real = yield* within === undefined ? realpath(path) : realpathWithin(within, path)
  const found = yield* attempt(() => fs.stat(real, { bigint: true }))
  yield* regular(found, limit)

  const handle = yield* open(real)
  const look = attempt(() => handle.stat({ bigint: true }))
  const same = yield* look
  // A directory on the way may have been swapped for a link since `realpath`: what is open must be what was checked, and
  // must lie where it was checked to lie.
  if (!sameFile(same, found)) return yield* changed
  if (within !== undefined && (yield* locationOf(handle, path, same)) !== real) return yield* changed
  if (within !== undefined) yield* Barrier.admit(within, path, real, same)
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
  if (length > 0 && opened.size === 0n && sameContent(after, opened)) return yield* Barrier.ofSystem
  if (length !== wanted || after.size !== opened.size || after.mtimeNs !== opened.mtimeNs) {
    return yield* changed
  }
  if (within !== undefined) yield* Barrier.admitContent(real, buffer)
  const identity: Identity = opened
  return { bytes: buffer.subarray(0, length), mode: Number(opened.mode), identity }
}, Effect.scoped)

/**
 * All bytes of a regular file, or its first, as they were at one moment. Never waits for a pipe or a device, never opens one, and never
 * returns anything from outside `within`, whatever links there are or are made meanwhile (see `locationOf`). A file that is
 * replaced meanwhile is read again, three times at most.
 */
export const read = (
  path: string,
  options: ReadOptions
): Effect.Effect<{ readonly bytes: Uint8Array; readonly mode: number; readonly identity: Identity }, Unreadable> =>
  Effect.retry(readOnce(path, options), { times: 3, while: (error) => error.code === "CHANGED" })
