import { Buffer } from "node:buffer"
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SearchPattern } from "./SearchPattern.ts"
import { decodeText } from "./FileText.ts"

const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Larger files are not read here: they count as files that may match, and are read in pieces later. In bytes. */
const maxBytes = 4 * 1024 * 1024

/** How much is read before other fibers may run. */
const batchBytes = 1024 * 1024
const batchFiles = 64

interface Reading {
  /** `undefined`: the file cannot be judged here. */
  readonly bytes: Buffer | undefined
}

let space = Buffer.alloc(0)

/** Reads a file into shared memory, until the next call. A pipe or device that replaces it does not block. */
const read = (path: string): Reading => {
  let opened: number | undefined
  try {
    opened = openSync(path, flags)
    const status = fstatSync(opened)
    if (!status.isFile() || status.size > maxBytes) return { bytes: undefined }
    if (space.length <= status.size) space = Buffer.alloc(status.size * 2 + 4096)
    let length = 0
    while (length < space.length) {
      const count = readSync(opened, space, length, space.length - length, null)
      if (count === 0) break
      length += count
    }
    return { bytes: length < space.length ? space.subarray(0, length) : undefined }
  } catch {
    return { bytes: undefined }
  } finally {
    if (opened !== undefined) closeSync(opened)
  }
}

const isUtf16 = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)

const mayMatch = (pattern: SearchPattern, bytes: Buffer): boolean =>
  pattern.bytes !== undefined && !isUtf16(bytes) ? bytes.includes(pattern.bytes) : pattern.mayMatch(decodeText(bytes))

export interface Scanned {
  /** The files that may have a match. It may be more than have one. */
  readonly files: ReadonlySet<string>
  /** How many files were looked at; the rest is in no set. */
  readonly count: number
}

/**
 * Finds the files that may have a match, without ripgrep. What is read here is not shown: the files in the result are opened
 * again, and checked then. Files that cannot be read count as possible, so that they are reported.
 */
export const scanFiles = Effect.fnUntraced(function* (
  root: string,
  paths: ReadonlyArray<string>,
  pattern: SearchPattern,
  until: number
) {
  const files = new Set<string>()
  for (let next = 0; next < paths.length;) {
    if ((yield* Clock.currentTimeMillis) > until) return { files, count: next } satisfies Scanned
    const start = next
    const batch = () => {
      let bytes = 0
      for (next = start; next < paths.length && next < start + batchFiles && bytes < batchBytes; next++) {
        const path = paths[next] ?? ""
        const { bytes: content } = read(join(root, path))
        bytes += content?.length ?? 0
        if (content === undefined || mayMatch(pattern, content)) files.add(path)
      }
    }
    // Where an expression takes too long in one of these files, each is judged later, alone.
    yield* Effect.catch(pattern.bounded(batch), () =>
      Effect.sync(() => {
        next = Math.min(paths.length, start + batchFiles)
        for (const path of paths.slice(start, next)) files.add(path)
      })
    )
    yield* Effect.yieldNow
  }
  return { files, count: paths.length } satisfies Scanned
})
