import * as Effect from "effect/Effect"
import type { BigIntStats, Dirent } from "node:fs"
import { closeSync, constants, fstatSync, opendirSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs"
import process from "node:process"
import { codeOf, DiskError } from "./ConfinedFile.ts"

/**
 * Reads for walks over thousands of directories and files. Each takes some microseconds, in which nothing else runs. They are
 * as confined as those of `ConfinedFile`: all fail with `CHANGED` unless what was opened is at the given path, which has no
 * links. The caller decides by `status` whether the content may be used.
 */

/**
 * Whether they work here: only Linux reports where an open file is.
 *
 * @since 0.1.0
 * @category constants
 */
export const hasQuickReads: boolean = process.platform === "linux"

const reading =
  constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)
const listing = reading | (constants.O_DIRECTORY ?? 0)

const opened = <A>(real: string, flags: number, use: (file: number, here: string) => A): Effect.Effect<A, DiskError> =>
  Effect.suspend(() => {
    let file: number | undefined
    try {
      file = openSync(real, flags)
      const here = `/proc/self/fd/${file}`
      if (readlinkSync(here) !== real) return Effect.fail(new DiskError({ code: "CHANGED" }))
      return Effect.succeed(use(file, here))
    } catch (cause) {
      const code = codeOf(cause)
      return Effect.fail(new DiskError({ code: code === "ELOOP" ? "CHANGED" : code }))
    } finally {
      if (file !== undefined) closeSync(file)
    }
  })

/**
 * The entries of a directory, and its status when it was opened.
 *
 * @since 0.1.0
 * @category models
 */
export interface QuickListing {
  readonly status: BigIntStats
  readonly entries: ReadonlyArray<Dirent>
}

/** At most `limit` entries, so that a directory with very many blocks other work no longer than that. */
const first = (here: string, limit: number): ReadonlyArray<Dirent> => {
  const directory = opendirSync(here, { bufferSize: 512 })
  try {
    const entries: Array<Dirent> = []
    while (entries.length < limit) {
      const entry = directory.readSync()
      if (entry === null) break
      entries.push(entry)
    }
    return entries
  } finally {
    directory.closeSync()
  }
}

/**
 * Lists a directory: all entries, or at most `limit`.
 *
 * @since 0.1.0
 * @category functions
 */
export const quickListing = (real: string, limit?: number): Effect.Effect<QuickListing, DiskError> =>
  opened(real, listing, (file, here) => ({
    status: fstatSync(file, { bigint: true }),
    entries: limit === undefined ? readdirSync(here, { withFileTypes: true }) : first(here, limit)
  }))

/**
 * The bytes of a file, and its status when it was opened.
 *
 * @since 0.1.0
 * @category models
 */
export interface QuickFile {
  readonly status: BigIntStats
  /** `undefined` if it is not a regular file, or has more bytes than it may have. */
  readonly bytes: Uint8Array | undefined
}

/**
 * Reads a regular file with at most `limit` bytes. A pipe or a device is not waited for.
 *
 * @since 0.1.0
 * @category functions
 */
export const quickRead = (real: string, limit: number): Effect.Effect<QuickFile, DiskError> =>
  opened(real, reading, (file) => {
    const status = fstatSync(file, { bigint: true })
    if (!status.isFile() || status.size > BigInt(limit)) return { status, bytes: undefined }
    // One byte more than it had: a file that grows is not taken for a whole one.
    const bytes = new Uint8Array(Number(status.size) + 1)
    let length = 0
    while (length < bytes.length) {
      const count = readSync(file, bytes, length, bytes.length - length, null)
      if (count === 0) break
      length += count
    }
    return { status, bytes: length < bytes.length ? bytes.subarray(0, length) : undefined }
  })
