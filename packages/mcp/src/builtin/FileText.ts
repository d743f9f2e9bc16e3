import type { FileHandle } from "node:fs/promises"
import { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import { PathRefused } from "./Confinement.ts"

const chunkBytes = 64 * 1024
const probeBytes = 8 * 1024

const starts = (bytes: Uint8Array, first: number, second: number): boolean => bytes[0] === first && bytes[1] === second

/** UTF-16 if the text begins with its byte order mark, and UTF-8 otherwise. */
const encodingOf = (head: Uint8Array): string =>
  starts(head, 0xff, 0xfe) ? "utf-16le" : starts(head, 0xfe, 0xff) ? "utf-16be" : "utf-8"

/**
 * A NUL in the first 8 KiB means binary, except in UTF-16 with a byte order mark. Everything else is shown as text, with
 * U+FFFD for what is not valid.
 */
export const looksBinary = (head: Uint8Array): boolean =>
  encodingOf(head) === "utf-8" && head.subarray(0, probeBytes).includes(0)

/** The text of a whole file, without a byte order mark. */
export const decodeText = (bytes: Uint8Array): string => new TextDecoder(encodingOf(bytes)).decode(bytes)

/** Reads a chunk of a file; empty at its end. */
export const readChunk = (handle: FileHandle, position: number, length = chunkBytes) =>
  Effect.tryPromise({
    try: () => handle.read(Buffer.alloc(length), 0, length, position),
    catch: () => new PathRefused({ problem: "The file cannot be read." })
  }).pipe(Effect.map(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead)))

/** A text that is read in pieces. */
export interface Reader {
  /** How many bytes have been read. */
  readonly position: number
  /** The next piece; `undefined` at the end, and `"binary"` for a binary file. */
  readonly next: Effect.Effect<{ readonly text: string } | "binary" | undefined, PathRefused>
}

/** Reads a text that is in memory. */
export const textReader = (text: string): Reader => {
  const pieces = [{ text }]
  return { position: 0, next: Effect.sync(() => pieces.shift()) }
}

/** Reads bytes that are in memory. */
export const bytesReader = (bytes: Uint8Array): Reader => {
  const pieces = [looksBinary(bytes) ? ("binary" as const) : { text: decodeText(bytes) }]
  return { position: 0, next: Effect.sync(() => pieces.shift()) }
}

/** Reads an open file. */
export const makeReader = (handle: FileHandle, length = chunkBytes): Reader => {
  const at = { position: 0, ended: false }
  let decoder: TextDecoder | undefined
  return {
    get position() {
      return at.position
    },
    next: Effect.gen(function* () {
      if (at.ended) return undefined
      const piece = yield* readChunk(handle, at.position, length)
      if (decoder === undefined) {
        if (looksBinary(piece)) return "binary" as const
        decoder = new TextDecoder(encodingOf(piece))
      }
      at.position += piece.length
      at.ended = piece.length === 0
      const text = decoder.decode(piece, { stream: !at.ended })
      return at.ended && text === "" ? undefined : { text }
    })
  }
}

/** Reads a whole file; `undefined` if it is binary or larger than `maxBytes`, also if it grows while it is read. */
export const readSmallText = Effect.fnUntraced(function* (handle: FileHandle, maxBytes: number) {
  const reader = makeReader(handle)
  const texts: Array<string> = []
  for (let piece = yield* reader.next; piece !== undefined; piece = yield* reader.next) {
    if (piece === "binary" || reader.position > maxBytes) return undefined
    texts.push(piece.text)
  }
  return texts.join("")
})

export interface Lines {
  readonly text: string
  /** Number of lines in `text`. */
  readonly count: number
  /** Whether the file continues after `text`. */
  readonly more: boolean
  /** If the first line alone is too long: the column, counted from 1, at which it goes on after `text`. */
  readonly nextColumn?: number
  /** Whether the end of what may be scanned was reached: later lines cannot be read. */
  readonly scannedAll?: boolean
}

export interface LineRange {
  /** The first line to read, counted from 1. */
  readonly offset: number
  /** Where to begin in it, in UTF-16 units, counted from 1. */
  readonly column?: number
  readonly limit: number
  readonly maxBytes: number
  /** How many bytes of the file may be scanned in total, including those before the first line. */
  readonly scanBytes: number
}

const encoder = new TextEncoder()

/** The longest beginning of a text with at most this many bytes in UTF-8. It ends at a whole character. */
const beginning = (text: string, bytes: number): string =>
  text.slice(0, encoder.encodeInto(text, new Uint8Array(Math.max(0, bytes))).read)

const linesIn = (text: string): number => text.split("\n").length - (text.endsWith("\n") || text === "" ? 1 : 0)

/** Reads a range of whole lines of a text; `undefined` for a binary file. Of a line that is too long, a part is read. */
export const readLines = Effect.fnUntraced(function* (reader: Reader, range: LineRange) {
  const { column = 1, limit, maxBytes, offset, scanBytes } = range
  const kept: Array<string> = []
  const at = { line: 1, room: maxBytes, skip: column - 1, column: 1 }

  const finish = (more: boolean, end: { readonly isFull?: true; readonly scannedAll?: true } = {}): Lines => {
    const all = kept.join("").toWellFormed()
    // Only whole lines, unless the first line alone is too long.
    const whole = end.isFull === true ? all.lastIndexOf("\n") + 1 : all.length
    const text = whole === 0 ? all : all.slice(0, whole)
    return {
      text,
      count: linesIn(text),
      more,
      ...(end.isFull === true && whole === 0 ? { nextColumn: column + all.length } : {}),
      ...(end.scannedAll === true ? { scannedAll: true } : {})
    }
  }

  while (reader.position < scanBytes) {
    const piece = yield* reader.next
    if (piece === "binary") return undefined
    if (piece === undefined) {
      return at.skip > 0 && at.line === offset && at.column > 1 ? yield* noColumn(offset, at.column) : finish(false)
    }
    const { text } = piece
    for (let start = 0; start < text.length;) {
      if (at.line >= offset + limit) return finish(true)
      const found = text.indexOf("\n", start)
      const end = found === -1 ? text.length : found + 1
      if (at.line >= offset) {
        const segment = text.slice(start, end)
        const skipped = at.line === offset ? Math.min(at.skip, segment.length - (found === -1 ? 0 : 1)) : 0
        at.skip -= skipped
        at.column += segment.length - (found === -1 ? 0 : 1)
        if (at.line === offset && at.skip > 0 && found !== -1) return yield* noColumn(offset, at.column)
        const rest = segment.slice(skipped)
        const fits = beginning(rest, at.room)
        kept.push(fits)
        if (fits.length < rest.length) return finish(true, { isFull: true })
        at.room -= Buffer.byteLength(rest)
      }
      if (found !== -1) at.line += 1
      start = end
    }
  }
  return at.line < offset
    ? yield* new PathRefused({ problem: `Line ${offset} is too far into a very large file.` })
    : finish(true, { isFull: true, scannedAll: true })
})

const noColumn = (line: number, end: number) =>
  Effect.fail(new PathRefused({ problem: `Line ${line} ends at column ${end - 1}.` }))
