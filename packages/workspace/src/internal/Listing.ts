import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { constants, type Dirent } from "node:fs"
import * as fs from "node:fs/promises"
import * as Barrier from "./Barrier.ts"
import * as Disk from "./Disk.ts"
import * as Host from "./Host.ts"
import { fromCause, type Unreadable } from "./Unreadable.ts"

/** At most `limit` entries of a directory, in the order the disk has them. */
const entries = (path: string, limit: number): Effect.Effect<ReadonlyArray<Dirent>, Unreadable> =>
  Effect.flatMap(
    Disk.attempt(() => fs.opendir(path, { bufferSize: 512 })),
    (directory) => Stream.fromAsyncIterable(directory, fromCause).pipe(Stream.take(limit), Stream.runCollect)
  )

/** What is open stays what it is, whatever is put in its place: its entries are asked for by its number. */
const held = Effect.fnUntraced(function* (real: string, path: string, within: string, limit: number) {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  const handle = yield* Disk.open(real, flags)
  const opened = yield* Disk.attempt(() => handle.stat({ bigint: true }))
  if ((yield* Disk.locationOf(handle, path, opened)) !== real) return yield* Disk.changed
  yield* Barrier.admit(within, path, real, opened)
  return yield* entries(`/proc/self/fd/${handle.fd}`, limit)
}, Effect.scoped)

/** Where a directory has no number, the path must lead to the same one before and after. */
const compared = Effect.fnUntraced(function* (real: string, path: string, within: string, limit: number) {
  const look = Disk.attempt(() => fs.lstat(real, { bigint: true }))
  const before = yield* look
  yield* Barrier.admit(within, path, real, before)
  const listed = yield* entries(real, limit)
  return Disk.sameFile(before, yield* look) ? listed : yield* Disk.changed
})

/**
 * At most `limit` entries of the directory that a path really leads to, which must be in `within`: on Linux whatever links
 * are made meanwhile. Directories that are Parley's own are left out, and with `every` files and links that lead to it too.
 */
export const list = Effect.fnUntraced(function* (path: string, within: string, limit: number, every = false) {
  const real = yield* Disk.realpathWithin(within, path)
  const read = Host.platform === "linux" ? held : compared
  const entries = yield* read(real, path, within, limit)
  return yield* Barrier.visible(real, entries, (entry) => every || entry.isDirectory())
})
