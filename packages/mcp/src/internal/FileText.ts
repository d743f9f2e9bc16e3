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
  /** Number of lines in `text`. */
  readonly count: number
  /** Whether the file goes on after `text`. */
  readonly more: boolean
  /** Whether not even the first line fits, so that `text` is only its beginning. */
  readonly cutLine: boolean
}

export interface LineRange {
  /** The first line wanted, counted from 1. */
  readonly offset: number
  readonly limit: number
  readonly maxBytes: number
  /** How much of the file may be read, however far away the first line is. */
  readonly scanBytes: number
}

const newline = 10

const finish = (kept: ReadonlyArray<Uint8Array>, more: boolean, full: boolean): Lines => {
  const bytes = Buffer.concat(kept)
  // Whole lines only, unless the first one alone is too long.
  const end = full ? bytes.lastIndexOf(newline) + 1 : bytes.length
  const text = new TextDecoder().decode(end === 0 ? bytes : bytes.subarray(0, end))
  const count = text.split("\n").length - (text.endsWith("\n") || text === "" ? 1 : 0)
  return { text, count, more, cutLine: full && end === 0 }
}

/** Some whole lines of a file, or `undefined` for a binary file. */
export const readLines = Effect.fnUntraced(function* (handle: FileHandle, range: LineRange) {
  const kept: Array<Uint8Array> = []
  const at = { position: 0, line: 1, room: range.maxBytes }

  while (at.position < range.scanBytes) {
    const piece = yield* readChunk(handle, at.position)
    if (piece.length === 0) return finish(kept, false, false)
    if (at.position === 0 && looksBinary(piece)) return undefined
    at.position += piece.length
    for (let start = 0; start < piece.length;) {
      if (at.line >= range.offset + range.limit) return finish(kept, true, false)
      const found = piece.indexOf(newline, start)
      const end = found === -1 ? piece.length : found + 1
      if (at.line >= range.offset) {
        kept.push(piece.subarray(start, Math.min(end, start + at.room)))
        at.room -= end - start
        if (at.room < 0) return finish(kept, true, true)
      }
      if (found !== -1) at.line += 1
      start = end
    }
  }
  return at.line < range.offset
    ? yield* new PathRefused({ problem: `Line ${range.offset} is too far into a very large file.` })
    : finish(kept, true, true)
})
