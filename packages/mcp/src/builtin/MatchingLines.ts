import * as Effect from "effect/Effect"
import * as SecretFiles from "@parley/domain/SecretFiles"
import { plainLine } from "@parley/domain/VisibleText"
import { quickRead } from "@parley/os/QuickReads"
import { Barrier } from "@parley/os/ReadBarrier"
import { openConfined } from "./Confinement.ts"
import { bytesReader, makeReader, type Reader } from "./FileText.ts"
import { quickly, type QuickPlace } from "./QuickPlace.ts"
import type { Found, SearchPattern } from "./SearchPattern.ts"

const lineCharacters = 200

/** In bytes. Files of any size are read in such pieces. */
const pieceBytes = 1024 * 1024

/** Longer lines are searched in pieces of this length. In UTF-16 units. */
const longestLine = 8 * 1024 * 1024

/** A line to show. */
export interface Row {
  /** Counted from 1. */
  readonly line: number
  readonly text: string
  /** Whether it matches, or is next to a line that does. */
  readonly matches: boolean
}

/** Which matches of a search are shown, counted over all files. Filled while the files are read. */
export class Page {
  /** How many matches were found so far, shown or not. */
  total = 0
  /** How many of them are shown. */
  shown = 0
  private room: number
  readonly first: number
  private readonly limit: number

  /** `first` is counted from 1; `bytes` limits the text of all rows. */
  constructor(first: number, limit: number, bytes: number) {
    this.first = first
    this.limit = limit
    this.room = bytes
  }

  get isFull(): boolean {
    return this.shown >= this.limit || this.room <= 0
  }

  /** Whether the match that is found next is shown. At least one is, however large it is. */
  admits(): boolean {
    this.total += 1
    if (this.total < this.first || this.isFull) return false
    this.shown += 1
    return true
  }

  /** Takes the room that a text needs. */
  spend(text: string): void {
    this.room -= text.length * 2
  }
}

/** The shown part of a long line always includes the match. */
const shownPart = (line: string, { at, length }: Found): string =>
  plainLine(line.slice(Math.max(0, Math.min(at, at + length - lineCharacters))), lineCharacters)

/** Collects the rows of one file, line by line. */
class Rows {
  readonly rows: Array<Row> = []
  matches = 0
  private line = 0
  private after = 0
  private readonly before: Array<string> = []
  private readonly page: Page
  private readonly context: number

  constructor(page: Page, context: number) {
    this.page = page
    this.context = context
  }

  private show(line: number, text: string, matches: boolean): void {
    this.rows.push({ line, text, matches })
    this.page.spend(text)
  }

  readonly take = (text: string, find: SearchPattern["find"]): void => {
    const end = text.endsWith("\n") ? text.length - 1 : text.length
    for (let start = 0; start <= end;) {
      const found = text.indexOf("\n", start)
      const stop = found === -1 ? end : found
      this.takeLine(text.slice(start, stop > start && text[stop - 1] === "\r" ? stop - 1 : stop), find)
      start = stop + 1
    }
  }

  private takeLine(line: string, find: SearchPattern["find"]): void {
    this.line += 1
    const match = find(line)
    if (match !== undefined) this.matches += 1
    if (match !== undefined && this.page.admits()) {
      for (const [i, text] of this.before.entries())
        this.show(this.line - this.before.length + i, plainLine(text, lineCharacters), false)
      this.before.length = 0
      this.show(this.line, shownPart(line, match), true)
      this.after = this.context
    } else if (this.after > 0) {
      this.after -= 1
      this.show(this.line, plainLine(line, lineCharacters), false)
    } else if (this.context > 0) {
      this.before.push(line)
      if (this.before.length > this.context) this.before.shift()
    }
  }
}

/** What was found in one file. */
export interface FileMatches {
  readonly rows: ReadonlyArray<Row>
  /** How many lines match, shown or not. */
  readonly matches: number
  readonly isBinary: boolean
  /** Whether lines are so long that they were searched in pieces, and a match across two pieces was missed. */
  readonly inPieces: boolean
}

/** A file that is read at once. In bytes. */
const wholeBytes = 1024 * 1024

/** The text of a small file, read quickly; `undefined` if it has to be opened in the usual way. */
const quickReader = Effect.fnUntraced(function* (place: QuickPlace, path: string) {
  const found = yield* quickly(place, path, (real) => quickRead(real, wholeBytes))
  if (found === undefined || found === "withheld" || found.bytes === undefined) return undefined
  const { secrets } = yield* Barrier
  if (secrets !== undefined && SecretFiles.isPrivateKey(found.bytes)) return undefined
  return bytesReader(found.bytes)
})

const search = Effect.fnUntraced(function* (reader: Reader, pattern: SearchPattern, rows: Rows) {
  let rest = ""
  let inPieces = false
  for (let piece = yield* reader.next; piece !== undefined; piece = yield* reader.next) {
    if (piece === "binary") return { rows: [], matches: 0, isBinary: true, inPieces } satisfies FileMatches
    const text = rest + piece.text
    const isTooLong = text.length > longestLine && !text.includes("\n")
    inPieces ||= isTooLong
    const end = isTooLong ? text.length : text.lastIndexOf("\n") + 1
    rest = text.slice(end)
    if (end > 0) yield* pattern.bounded(() => rows.take(text.slice(0, end), pattern.find))
  }
  const last = rest
  if (last !== "") yield* pattern.bounded(() => rows.take(last, pattern.find))
  return { rows: rows.rows, matches: rows.matches, isBinary: false, inPieces } satisfies FileMatches
})

/**
 * Reads a file and finds the lines that match. The file is checked as `read_file` checks it: what is shown has passed all
 * checks, however the file was found. `path` has no links.
 */
export const matchingLines = Effect.fnUntraced(function* (
  place: QuickPlace,
  path: string,
  pattern: SearchPattern,
  page: Page,
  context: number
) {
  const rows = new Rows(page, context)
  const quick = yield* quickReader(place, path)
  if (quick !== undefined) return yield* search(quick, pattern, rows)
  const { handle } = yield* openConfined(place.root, path)
  return yield* search(makeReader(handle, pieceBytes), pattern, rows)
}, Effect.scoped)
