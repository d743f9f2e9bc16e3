import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Barrier } from "@parley/os/ReadBarrier"
import type { IgnoreRules } from "@parley/domain/IgnoreRules"
import { confine } from "./Confinement.ts"
import { aboutWalk, type FileAnswer, few, nameOf, notes } from "./AnswerText.ts"
import { scanFiles } from "./FileScan.ts"
import { type Walk, walk } from "./FileWalk.ts"
import { type FileMatches, matchingLines, Page } from "./MatchingLines.ts"
import { nameFilter } from "./NameFilter.ts"
import { quickPlace } from "./QuickPlace.ts"
import { ripgrepFiles } from "./Ripgrep.ts"
import { type PatternOptions, type SearchPattern, searchPattern } from "./SearchPattern.ts"

const limits = {
  entries: 400_000,
  depth: 64,
  millis: 20_000,
  matches: 200,
  most: 1000,
  context: 10,
  /** Together with the notes, less than the limit of a result, so that text that was found is not truncated again. */
  bytes: 48 * 1024,
  /** With fewer files than this, starting ripgrep takes longer than reading them. */
  manyFiles: 2500,
  /** How many more files are read to count their matches when the page is full. */
  counted: 500,
  /** In how many files an expression may take too long before the search ends. */
  slow: 3
}

export interface SearchRequest extends PatternOptions {
  readonly query: string
  readonly path?: string
  readonly glob?: string
  /** How many lines before and after each match are shown. */
  readonly context?: number
  /** Only the files with a match, and how many lines match. */
  readonly filesOnly?: boolean
  /** Whether what ignore files leave out and `node_modules` is searched, too. */
  readonly ignored?: boolean
  /** Whether names that begin with a dot are searched. Default: true. */
  readonly hidden?: boolean
  /** The first match to show, counted from 1. */
  readonly offset?: number
  readonly limit?: number
}

/** Where to search, and with what. */
export interface SearchPlace {
  readonly root: string
  readonly ignore?: IgnoreRules | undefined
  /** Whether ripgrep is used where it is installed. Default: if there are many files. The result is the same. */
  readonly ripgrep?: "always" | "never" | undefined
}

const noWalk: Walk = {
  entries: [],
  skipped: [],
  unreadable: [],
  ignored: [],
  ignoredFiles: 0,
  ignoreFilesUnreadable: [],
  more: false
}

/** The files that a search may read, in the order of nearness, and those that are withheld because of their names. */
const select = Effect.fnUntraced(function* ({ ignore, root }: SearchPlace, request: SearchRequest) {
  const target = yield* confine(root, request.path ?? "")
  const walked =
    target.kind === "file"
      ? { ...noWalk, entries: [{ path: target.shown, kind: "file" as const }] }
      : yield* walk(root, request.path ?? "", {
          entries: limits.entries,
          depth: limits.depth,
          millis: limits.millis,
          ignore: request.ignored === true ? undefined : ignore,
          withoutHidden: request.hidden === false,
          packages: request.ignored === true
        })
  const matches = yield* nameFilter(request.glob, target.kind === "file" ? "" : target.shown)
  const { secrets } = yield* Barrier
  const quick = yield* quickPlace(root, target)
  const files = walked.entries.flatMap(({ kind, path }) => (kind === "file" && matches(path) ? [path] : []))
  const isSecret = (path: string) => secrets?.(join(quick.root, path))?._tag === "Secret"
  const secret = files.filter(isSecret)
  const known = new Set(secret)
  return {
    target,
    walked,
    quick,
    secret,
    files: secret.length === 0 ? files : files.filter((path) => !known.has(path))
  }
})
type Selection = Effect.Success<ReturnType<typeof select>>

/** The files that may have a match, in their order, and how many files could not be looked at in time. */
const narrow = Effect.fnUntraced(function* (
  { files, quick, target, walked }: Selection,
  pattern: SearchPattern,
  ripgrep: SearchPlace["ripgrep"],
  until: number
) {
  const start = target.shown === "" ? "" : `${target.shown}/`
  const found =
    ripgrep !== "never" && target.kind === "directory" && (ripgrep === "always" || files.length >= limits.manyFiles)
      ? yield* ripgrepFiles(pattern, {
          directory: target.real,
          leftOut: [...walked.ignored, ...walked.skipped].map((path) => path.slice(start.length)),
          millis: limits.millis
        })
      : undefined
  if (found !== undefined) {
    return { files: files.filter((path) => found.has(path.slice(start.length))), notReached: 0 }
  }
  const scanned = yield* scanFiles(quick.root, files, pattern, until)
  return { files: files.filter((path) => scanned.files.has(path)), notReached: files.length - scanned.count }
})

const linesOf = (path: string, { rows }: FileMatches, context: number, isFirst: boolean): ReadonlyArray<string> =>
  rows.flatMap(({ line, matches, text }, i) => {
    const before = rows[i - 1]
    const isGap = context > 0 && (before === undefined ? !isFirst : before.line !== line - 1)
    return [...(isGap ? ["--"] : []), `${nameOf(path)}${matches ? ":" : "-"}${line}${matches ? ":" : "-"} ${text}`]
  })

/**
 * Finds the lines of text files that contain a text or match an expression, as `path:line: text`, nearest files first. Each
 * file that is shown was opened and checked as `read_file` does it; ripgrep only says which files are worth opening.
 */
export const searchFiles = Effect.fnUntraced(function* (place: SearchPlace, request: SearchRequest) {
  const { context = 0, filesOnly = false, offset = 1 } = request
  const pattern = yield* searchPattern(request.query, request)
  const until = (yield* Clock.currentTimeMillis) + limits.millis
  const selection = yield* select(place, request)
  const candidates = yield* narrow(selection, pattern, place.ripgrep, until)

  const limit = Math.min(request.limit ?? limits.matches, limits.most)
  const page = new Page(offset, limit, limits.bytes)
  // Of each file only the number of matches is needed.
  const counting = () => (filesOnly ? new Page(1, 0, 0) : page)
  const lines: Array<string> = []
  const binary: Array<string> = []
  const unreadable: Array<string> = []
  const slow: Array<string> = []
  const inPieces: Array<string> = []
  let files = 0
  let further = 0
  let notRead = candidates.notReached
  for (const [i, path] of candidates.files.entries()) {
    if (page.isFull) further += 1
    if (further > limits.counted || (yield* Clock.currentTimeMillis) > until) {
      notRead += candidates.files.length - i
      break
    }
    const read = yield* Effect.result(
      matchingLines(selection.quick, path, pattern, counting(), Math.min(context, limits.context))
    )
    if (Result.isFailure(read)) {
      if (read.failure.slow === true) slow.push(path)
      if (slow.length >= limits.slow) return yield* read.failure
      // What is withheld because of its content is not reported: whether it matches is known only from its content.
      if (read.failure.slow !== true && read.failure.withheld === undefined) unreadable.push(path)
      continue
    }
    const found = read.success
    if (found.isBinary) binary.push(path)
    if (found.inPieces) inPieces.push(path)
    if (found.matches === 0) continue
    files += 1
    if (!filesOnly) lines.push(...linesOf(path, found, context, lines.length === 0))
    else if (page.admits()) {
      const line = `${nameOf(path)}: ${found.matches} matching line${found.matches === 1 ? "" : "s"}`
      page.spend(line)
      lines.push(line)
    }
  }

  const last = offset + page.shown - 1
  const isPart = page.total > page.shown || (notRead > 0 && page.isFull)
  const what = filesOnly ? "files" : "matches"
  const known = `${notRead > 0 ? "at least " : ""}${page.total}${filesOnly ? "" : ` in ${files} files`}`
  const { secret, walked } = selection
  return {
    text: lines.join("\n"),
    note: notes(
      page.total === 0 && "Nothing found.",
      page.total > 0 && page.shown === 0 && `There are only ${page.total} ${what}.`,
      isPart && page.shown > 0 && `These are ${what} ${offset} to ${last} of ${known}.`,
      (last < page.total || (notRead > 0 && page.isFull)) && page.shown > 0 && `Go on with offset ${last + 1}.`,
      notRead > 0 && !page.isFull && `Stopped before ${notRead} files were read: search a directory further down.`,
      walked.more && "Not everything was searched: there are too many files or directories too deep.",
      secret.length > 0 && `Not searched, because they may hold secrets: ${few(secret.map(nameOf))}.`,
      binary.length > 0 && `Not searched, because binary: ${few(binary.map(nameOf))}.`,
      unreadable.length > 0 && `Not searched, because they cannot be read: ${few(unreadable.map(nameOf))}.`,
      slow.length > 0 && `Not searched, because the expression takes too long there: ${few(slow.map(nameOf))}.`,
      inPieces.length > 0 &&
        `Lines of these are so long that they were searched in pieces: ${few(inPieces.map(nameOf))}.`,
      aboutWalk(walked)
    )
  } satisfies FileAnswer
})
