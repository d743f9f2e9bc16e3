import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { plainLine } from "../PlainText.ts"
import { type OpenFile, openConfined } from "./Confinement.ts"
import { type Entry, type Walk, walk } from "./FileWalk.ts"
import { readLines, readSmallText } from "./FileText.ts"

/** How much one call of a workspace tool may read and answer. */
export const workspaceLimits = {
  listEntries: 1000,
  listDepth: 16,
  readLines: 2000,
  /** With what is said about it, less than a result may hold: of what is read nothing is cut out again. */
  readBytes: 60 * 1024,
  scanBytes: 64 * 1024 * 1024,
  searchFiles: 20_000,
  searchDepth: 32,
  searchMatches: 200,
  searchFileBytes: 1024 * 1024,
  searchBytes: 64 * 1024 * 1024,
  searchMillis: 10_000,
  lineCharacters: 200
}

/** What a workspace tool answers: the thing asked for, and what has to be said about it. */
export interface FileAnswer {
  readonly text: string
  readonly note: string
}

const few = (names: ReadonlyArray<string>): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ")

const notes = (...parts: ReadonlyArray<string | false>): string =>
  parts.filter((part) => part !== false && part !== "").join(" ")

// A name may hold any character; a line break in it must not look like another entry.
const nameOf = (path: string): string => plainLine(path, 1000)

const lineOf = ({ kind, path }: Entry): string =>
  `${nameOf(path)}${kind === "directory" ? "/" : kind === "link" ? " (link)" : kind === "other" ? " (not a file)" : ""}`

const aboutWalk = (walked: Walk): string =>
  notes(
    walked.skipped.length > 0 && `Not entered: ${few(walked.skipped.map((path) => `${nameOf(path)}/`))}.`,
    walked.unreadable.length > 0 && `Cannot be read: ${few(walked.unreadable.map((path) => `${nameOf(path)}/`))}.`
  )

const byPath = (left: Entry, right: Entry): number => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0)

/** What is in a directory, or everything below it, one path to a line, sorted; directories end in a slash. */
export const listFiles = Effect.fnUntraced(function* (root: string, path: string, recursive: boolean) {
  const { listDepth, listEntries } = workspaceLimits
  const walked = yield* walk(root, path, { entries: listEntries, depth: recursive ? listDepth : 1, files: true })
  const cut = recursive ? walked.more : walked.entries.length >= listEntries
  return {
    text: walked.entries.toSorted(byPath).map(lineOf).join("\n"),
    note: notes(
      walked.entries.length === 0 && "The directory is empty.",
      cut && `More than ${walked.entries.length} entries or too deep: list a directory further down for the rest.`,
      recursive && aboutWalk(walked)
    )
  } satisfies FileAnswer
})

/** The lines of an open file from `offset`, counted from 1, and what has to be said about them. */
export const linesOf = Effect.fnUntraced(function* (
  path: string,
  { handle, size }: OpenFile,
  offset: number,
  limit: number | undefined
) {
  const lines = yield* readLines(handle, {
    offset,
    limit: Math.min(limit ?? workspaceLimits.readLines, workspaceLimits.readLines),
    maxBytes: workspaceLimits.readBytes,
    scanBytes: workspaceLimits.scanBytes
  })
  if (lines === undefined) return { text: "", note: `${nameOf(path)} is a binary file of ${size} bytes.` }
  const last = offset + lines.count - 1
  return {
    text: lines.text,
    note: notes(
      size === 0 && "The file is empty.",
      size > 0 && lines.count === 0 && `The file has fewer than ${offset} lines.`,
      lines.cutLine && `Line ${offset} is longer than ${workspaceLimits.readBytes} bytes: only its beginning is shown.`,
      lines.more && `These are lines ${offset} to ${last}; the file (${size} bytes) goes on at offset ${last + 1}.`
    )
  } satisfies FileAnswer
})

/** The lines of a text file from `offset`, counted from 1. */
export const readFile = Effect.fnUntraced(function* (root: string, path: string, offset = 1, limit?: number) {
  return yield* linesOf(path, yield* openConfined(root, path), offset, limit)
}, Effect.scoped)

const matchesIn = (path: string, text: string, query: string): ReadonlyArray<string> =>
  text.split(/\r?\n/).flatMap((line, index) => {
    const at = line.indexOf(query)
    if (at === -1) return []
    // The match is always among what is shown of a long line.
    const from = Math.max(0, Math.min(at, at + query.length - workspaceLimits.lineCharacters))
    return [`${nameOf(path)}:${index + 1}: ${plainLine(line.slice(from), workspaceLimits.lineCharacters)}`]
  })

/** Lines of text files that contain the query exactly as it is written, as `path:line: text`, in the order of paths. */
export const searchFiles = Effect.fnUntraced(function* (root: string, query: string, path: string) {
  const started = yield* Clock.currentTimeMillis
  const walked = yield* walk(root, path, {
    entries: workspaceLimits.searchFiles,
    depth: workspaceLimits.searchDepth,
    files: false
  })
  const files = walked.entries.filter(({ kind }) => kind === "file").toSorted(byPath)
  const matches: Array<string> = []
  const skipped: Array<string> = []
  const secret: Array<string> = []
  const read = { bytes: 0, files: 0 }
  const stop = (now: number): string | false =>
    matches.length >= workspaceLimits.searchMatches
      ? `Only the first ${workspaceLimits.searchMatches} matches are shown.`
      : read.bytes > workspaceLimits.searchBytes || now - started > workspaceLimits.searchMillis
        ? `Stopped after ${read.files} of ${files.length} files: search a directory further down.`
        : false

  let stopped: string | false = false
  for (const file of files) {
    stopped = stop(yield* Clock.currentTimeMillis)
    if (stopped !== false) break
    const searched = yield* openConfined(root, file.path).pipe(
      Effect.flatMap(({ handle, size }) =>
        // Of a file that is known to be large only the beginning is read; one that grows is given up while it is read.
        readSmallText(handle, size > workspaceLimits.searchFileBytes ? 0 : workspaceLimits.searchFileBytes)
      ),
      Effect.scoped,
      // A file that vanished or cannot be read is one that was not searched.
      Effect.result
    )
    read.files += 1
    if (Result.isFailure(searched) && searched.failure.withheld === "own") continue
    if (Result.isFailure(searched) && searched.failure.withheld === "secret") {
      secret.push(file.path)
      continue
    }
    const text = Result.getOrUndefined(searched)
    read.bytes += text?.length ?? 0
    if (text === undefined) skipped.push(file.path)
    else matches.push(...matchesIn(file.path, text, query))
  }
  return {
    text: matches.slice(0, workspaceLimits.searchMatches).join("\n"),
    note: notes(
      matches.length === 0 && "Nothing found.",
      matches.length > workspaceLimits.searchMatches &&
        stopped === false &&
        `Only the first ${workspaceLimits.searchMatches} matches are shown.`,
      stopped,
      walked.more && "Not everything was searched: there are too many files or directories too deep.",
      secret.length > 0 && `Not searched, because they may hold secrets: ${few(secret.map(nameOf))}.`,
      skipped.length > 0 && `Not searched, because binary, large or unreadable: ${few(skipped.map(nameOf))}.`,
      aboutWalk(walked)
    )
  } satisfies FileAnswer
})
