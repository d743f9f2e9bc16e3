import * as MentionText from "@parley/domain/MentionText"

/** Lines of a file, counted from 1; both ends are meant. */
export interface Lines {
  readonly first: number
  readonly last: number
}

/** A path that may be meant, and the lines of it. */
export interface Meant {
  readonly path: string
  readonly lines?: Lines | undefined
}

export interface Mention {
  /** What may be meant, the longest first: nothing that ends a sentence is part of a path, unless a file has that name. */
  readonly meant: ReadonlyArray<Meant>
  /** The one that a person meant if none of them is there. */
  readonly path: string
  /** Whether it can hardly be anything but a path. */
  readonly fileLike: boolean
}

/** No path is longer, and no name in a text needs more. */
const longest = 4096

const written = MentionText.written(String.raw`(#L\d{1,7}(?:-L?\d{1,7})?)?`)

const range = /#L(\d{1,7})(?:-L?(\d{1,7}))?$/

const withLines = (path: string): ReadonlyArray<Meant> => {
  const found = range.exec(path)
  if (found === null) return [{ path }]
  const first = Number(found[1])
  return [{ path }, { path: path.slice(0, found.index), lines: { first, last: Number(found[2] ?? first) } }]
}

/** Names of packages and of people have none of these: a beginning that only paths have, or an ending such as `.ts`. */
const isFileLike = (path: string): boolean => {
  if (/^(?:\.{0,2}[/\\]|~|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(path) || path.includes("\0")) return true
  const segments = path.split(/[/\\]/)
  const ending = /^[^]*\.([A-Za-z0-9]{1,10})$/.exec(segments.at(-1) ?? "")?.[1] ?? ""
  return segments.includes("..") || /[A-Za-z]/.test(ending)
}

/** `glued` when a letter stands before the `@`: it may be an address, of which nothing is said if it is no file. */
const unquoted = (token: string, glued: boolean): Mention => {
  const meant = MentionText.shortened(token).flatMap(withLines)
  const likely = glued ? undefined : meant.findLast(({ lines, path }) => lines !== undefined || isFileLike(path))
  return { meant, path: (likely ?? meant.at(-1))?.path ?? "", fileLike: likely !== undefined }
}

const quoted = (path: string, lines: string): Mention => {
  const meant = lines === "" ? withLines(path) : withLines(path + lines).slice(-1)
  return { meant, path: meant.at(-1)?.path ?? path, fileLike: true }
}

/**
 * The `@path` and `@"path"` of a text, at the beginnings of words, each once, in order. Takes time in proportion to the text, and
 * one at a time, so that whoever has enough may stop.
 */
export function* mentions(text: string): Generator<Mention> {
  const seen = new Set<string>()
  for (const match of text.matchAll(written)) {
    const [whole, path, lines = "", token = ""] = match
    if (whole.length > longest || seen.has(whole)) continue
    seen.add(whole)
    const mention = path === undefined ? unquoted(token, MentionText.isGlued(text, match.index)) : quoted(path, lines)
    if (mention.path !== "") yield mention
  }
}
