import * as MentionText from "@parley/domain/MentionText"

/** A range of lines of a file, counted from 1, including both ends. */
export interface Lines {
  readonly first: number
  readonly last: number
}

/** A path that a mention may refer to, and the range of lines. */
export interface Meant {
  readonly path: string
  readonly lines?: Lines | undefined
}

export interface Mention {
  /**
   * Possible interpretations, the longest first. Punctuation at the end of a sentence is not part of the path, unless a file
   * with such a name exists.
   */
  readonly meant: ReadonlyArray<Meant>
  /** The most likely interpretation if none of the paths exists. */
  readonly path: string
  /** Whether the text is almost certainly a path, so that a missing file is reported. */
  readonly fileLike: boolean
}

/** The maximum length of a mention, in UTF-16 code units: no path is longer. */
const longest = 4096

const written = MentionText.written(String.raw`((?:#L?|:)\d{1,7}(?:-L?\d{1,7})?)?`)

/** Lines as links and compilers write them: `#L10-20`, `#10`, `:10-20`, and `:10:5` with a column, which is left out. */
const range = /(?:#L?|:)(\d{1,7})(?:-L?(\d{1,7})|:\d{1,7})?$/

const withLines = (path: string): ReadonlyArray<Meant> => {
  const found = range.exec(path)
  if (found === null) return [{ path }]
  const first = Number(found[1])
  return [{ path }, { path: path.slice(0, found.index), lines: { first, last: Number(found[2] ?? first) } }]
}

/** Whether a text begins like a path or has an extension such as `.ts`, unlike the names of packages and people. */
export const isFileLike = (path: string): boolean => {
  if (/^(?:\.{0,2}[/\\]|~|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(path) || path.includes("\0")) return true
  const segments = path.split(/[/\\]/)
  const ending = /^[^]*\.([A-Za-z0-9]{1,10})$/.exec(segments.at(-1) ?? "")?.[1] ?? ""
  return segments.includes("..") || /[A-Za-z]/.test(ending)
}

/** `glued`: a letter precedes the `@`, so the text may be an e-mail address, and is not reported if no such file exists. */
const unquoted = (token: string, glued: boolean): Mention => {
  const meant = MentionText.shortened(token).flatMap(withLines)
  // Other numbers may belong to something else, such as `@issue#10`.
  const isCertain = ({ lines, path }: Meant) => isFileLike(path) || (lines !== undefined && /#L\d/.test(token))
  const likely = glued ? undefined : meant.findLast(isCertain)
  return { meant, path: (likely ?? meant.at(-1))?.path ?? "", fileLike: likely !== undefined }
}

const quoted = (path: string, lines: string): Mention => {
  const meant = lines === "" ? withLines(path) : withLines(path + lines).slice(-1)
  return { meant, path: meant.at(-1)?.path ?? path, fileLike: true }
}

/**
 * Yields the mentions `@path` and `@"path"` of a text at the beginnings of words, each once, in order. Takes time
 * proportional to the length of the text. A generator, so that the caller can stop early.
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
