import type { FileHandle } from "node:fs/promises"
import { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import { PathRefused } from "./Confinement.ts"

const chunkBytes = 64 * 1024
const probeBytes = 8 * 1024

/** Text has no NUL at its beginning; everything else is shown as text, with U+FFFD where it is not UTF-8. */
export const looksBinary = (head: Uint8Array): boolean => head.subarray(0, probeBytes).includes(0)

/** The next piece of a file, empty at its end. */
export const readChunk = (handle: FileHandle, position: number, length = chunkBytes) =>
  Effect.tryPromise({
    try: () => handle.read(Buffer.alloc(length), 0, length, position),
    catch: () => new PathRefused({ problem: "The file cannot be read." })
  }).pipe(Effect.map(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead)))

/** A whole file, unless it is larger than `maxBytes` or binary. A file that grows meanwhile is cut at `maxBytes`. */
export const readSmallText = Effect.fnUntraced(function* (handle: FileHandle, maxBytes: number) {
  const pieces: Array<Uint8Array> = []
  for (let position = 0; position <= maxBytes;) {
    const piece = yield* readChunk(handle, position)
    if (piece.length === 0) break
    if (position === 0 && looksBinary(piece)) return undefined
    pieces.push(piece)
    position += piece.length
  }
  const whole = Buffer.concat(pieces)
  return whole.length > maxBytes ? undefined : new TextDecoder().decode(whole)
})

export interface Lines {
  readonly text: string
  /** Number of complete or partial lines in `text`. */
  readonly count: number
  /** Whether the file goes on after `text`. */
  readonly more: boolean
  /** Whether the last line was cut because it alone is too long. */
  readonly cutLine: boolean
}

/**
 * Some lines of a file, from line `offset` (the first is 1): at most `limit` lines and `maxBytes` bytes. `undefined` for a
 * binary file. Reads at most `scanBytes` of the file, however far away the first line is.
 */
export const readLines = Effect.fnUntraced(function* (
  handle: FileHandle,
  { limit, maxBytes, offset, scanBytes }: { offset: number; limit: number; maxBytes: number; scanBytes: number }
) {
  const kept: Array<Uint8Array> = []
  const seen = { position: 0, line: 1, bytes: 0 }
  const finish = (more: boolean): Lines => {
    const text = new TextDecoder().decode(Buffer.concat(kept))
    const newlines = seen.line - offset
    const open = text !== "" && !text.endsWith("\n")
    return { text, count: Math.max(0, newlines) + (open ? 1 : 0), more, cutLine: more && open }
  }

  while (seen.position < scanBytes) {
    const piece = yield* readChunk(handle, seen.position)
    if (piece.length === 0) return finish(false)
    if (seen.position === 0 && looksBinary(piece)) return undefined
    seen.position += piece.length
    for (let start = 0; start < piece.length;) {
      if (seen.line >= offset + limit) return finish(true)
      const newline = piece.indexOf(10, start)
      const end = newline === -1 ? piece.length : newline + 1
      if (seen.line >= offset) {
        const room = maxBytes - seen.bytes
        if (end - start > room) {
          // Whole lines only, unless not even the first one fits.
          const atLineStart = kept.length === 0 || kept.at(-1)?.at(-1) === 10
          if (!atLineStart || kept.length === 0) kept.push(piece.subarray(start, start + Math.max(0, room)))
          return finish(true)
        }
        kept.push(piece.subarray(start, end))
        seen.bytes += end - start
      }
      if (newline !== -1) seen.line += 1
      start = end
    }
  }
  return seen.line < offset
    ? yield* new PathRefused({ problem: `Line ${offset} is too far into a very large file.` })
    : finish(true)
})
