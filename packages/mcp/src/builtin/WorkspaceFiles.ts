import { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import type { IgnoreRules } from "@parley/domain/IgnoreRules"
import { leadsToOwn } from "@parley/os/ReadBarrier"
import { aboutWalk, type FileAnswer, nameOf, notes } from "./AnswerText.ts"
import { type OpenFile, openConfined, rootOf } from "./Confinement.ts"
import { type Lines, makeReader, type Reader, readLines, readSmallText, textReader } from "./FileText.ts"
import { type Entry, walk } from "./FileWalk.ts"
import { aboutPointer, submodules } from "./GitMarks.ts"
import { nameFilter } from "./NameFilter.ts"
import { isNotebook, notebookText } from "./Notebook.ts"

/** How much one call of a workspace tool may read and return. */
export const workspaceLimits = {
  listEntries: 1000,
  listDepth: 64,
  listWalked: 200_000,
  listMillis: 10_000,
  readLines: 2000,
  /** Together with the notes, less than the limit of a result, so that text that was read is not truncated again. */
  readBytes: 60 * 1024,
  scanBytes: 1024 * 1024 * 1024,
  notebookBytes: 16 * 1024 * 1024
}

const lineOf =
  (modules: ReadonlySet<string>) =>
  ({ kind, path }: Entry): string => {
    const mark = { directory: "/", file: "", link: " (link)", other: " (not a file)" }[kind]
    return `${nameOf(path)}${mark}${kind === "directory" && modules.has(path) ? " (git submodule)" : ""}`
  }

const byPath = (left: Entry, right: Entry): number => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0)

export interface ListRequest {
  readonly path?: string
  readonly recursive?: boolean
  /** Finds entries by name, at any depth. */
  readonly glob?: string
  readonly ignored?: boolean
  readonly hidden?: boolean
  /** The first entry to show, counted from 1, of the nearest first. */
  readonly offset?: number
}

/** Lists a directory, or everything below it, sorted, with one path per line; directories end in a slash. */
export const listFiles = Effect.fnUntraced(function* (
  { ignore, root }: { readonly root: string; readonly ignore?: IgnoreRules | undefined },
  { glob, hidden = true, ignored = false, offset = 1, path = "", recursive = glob !== undefined }: ListRequest
) {
  const { listDepth, listEntries, listMillis, listWalked } = workspaceLimits
  const walked = yield* walk(root, path, {
    entries: listWalked,
    depth: recursive ? listDepth : 1,
    millis: listMillis,
    ignore: ignored ? undefined : ignore,
    withoutHidden: !hidden,
    packages: ignored
  })
  const matches = yield* nameFilter(glob, path)
  const found = walked.entries.filter((entry) => matches(entry.path))
  const realRoot = yield* rootOf(root)
  const shown: Array<Entry> = []
  let next = offset - 1
  for (; next < found.length && shown.length < listEntries; next++) {
    const entry = found[next]
    if (entry !== undefined && !(yield* leadsToOwn(realRoot, entry.path))) shown.push(entry)
  }
  const modules = yield* submodules(root)
  const isModule = walked.entries.length === 0 && modules.has(path)
  return {
    text: shown.toSorted(byPath).map(lineOf(modules)).join("\n"),
    note: notes(
      isModule && "The directory is a git submodule that is not checked out: `git submodule update --init` does that.",
      walked.entries.length === 0 && !isModule && "The directory is empty.",
      walked.entries.length > 0 && found.length === 0 && "No name matches.",
      offset > 1 && offset > found.length && `There are only ${found.length} entries.`,
      next < found.length &&
        `More than ${listEntries} entries: these are ${offset} to ${next} of ${found.length}, the nearest first. Go on with offset ${next + 1}, or list a directory further down.`,
      recursive && walked.more && "Not everything was listed: there are too many entries or directories too deep.",
      (recursive || walked.ignored.length + walked.ignoredFiles > 0) && aboutWalk(walked)
    )
  } satisfies FileAnswer
})

/** The part of a file to read. */
export interface FilePart {
  /** The first line, counted from 1. */
  readonly offset?: number | undefined
  /** Where to begin in it, counted from 1. */
  readonly column?: number | undefined
  readonly limit?: number | undefined
}

const aboutLines = (lines: Lines, size: number, { column = 1, offset = 1 }: FilePart, hasColumns: boolean): string => {
  const last = offset + lines.count - 1
  const isCut = lines.nextColumn !== undefined
  return notes(
    size === 0 && "The file is empty.",
    size > 0 && lines.count === 0 && !isCut && `The file has fewer than ${offset} lines.`,
    isCut &&
      `Line ${offset} is longer than ${workspaceLimits.readBytes} bytes: only ${column === 1 ? "its beginning" : "a part of it"} is shown.`,
    isCut && hasColumns && `It goes on at offset ${offset} and column ${lines.nextColumn}.`,
    !isCut &&
      lines.more &&
      `These are lines ${offset} to ${last}; the file (${size} bytes) goes on at offset ${last + 1}.`,
    lines.scannedAll === true && "No more of such a large file can be read."
  )
}

const linesFrom = (reader: Reader, { column = 1, limit, offset = 1 }: FilePart) =>
  readLines(reader, {
    offset,
    column,
    limit: Math.min(limit ?? workspaceLimits.readLines, workspaceLimits.readLines),
    maxBytes: workspaceLimits.readBytes,
    scanBytes: workspaceLimits.scanBytes
  })

/** Lines of an open file, with a note about them. `hasColumns`: whether the caller can read on within a line. */
export const linesOf = Effect.fnUntraced(function* (
  path: string,
  { handle, size }: OpenFile,
  part: FilePart,
  hasColumns: boolean
) {
  const lines = yield* linesFrom(makeReader(handle), part)
  if (lines === undefined) return { text: "", note: `${nameOf(path)} is a binary file of ${size} bytes.` }
  const pointer = part.offset === undefined ? aboutPointer(lines.text) : undefined
  return {
    text: lines.text,
    note: notes(pointer ?? false, aboutLines(lines, size, part, hasColumns))
  } satisfies FileAnswer
})

/** A notebook as its cells; `undefined` if it is none, or too large. */
const cellsOf = Effect.fnUntraced(function* ({ handle }: OpenFile, part: FilePart) {
  const json = yield* readSmallText(handle, workspaceLimits.notebookBytes)
  const notebook = json === undefined ? undefined : notebookText(json)
  if (notebook === undefined) return undefined
  const lines = yield* linesFrom(textReader(notebook.text), part)
  if (lines === undefined) return undefined
  const note = `This is a notebook of ${notebook.cells} cells, shown as their text; lines are counted in that. \`raw\` shows the file itself.`
  return {
    text: lines.text,
    note: notes(note, aboutLines(lines, Buffer.byteLength(notebook.text), part, true))
  } satisfies FileAnswer
})

/**
 * The lines of a text file from `offset`, counted from 1. A file that may contain secrets is read only by its real name, because
 * the approval of the call then covers it.
 */
export const readFile = Effect.fnUntraced(function* (
  root: string,
  path: string,
  part: FilePart,
  raw: boolean | undefined
) {
  const file = yield* openConfined(root, path, { named: true })
  const cells = raw === true || !isNotebook(path) ? undefined : yield* cellsOf(file, part)
  return cells ?? (yield* linesOf(path, file, part, true))
}, Effect.scoped)
