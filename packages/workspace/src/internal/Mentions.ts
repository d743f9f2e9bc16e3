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
  /** The last of them, which is what a person meant if none of them is there. */
  readonly path: string
  /** Whether it can hardly be anything but a path. */
  readonly fileLike: boolean
}

/** No path is longer, and no name in a text needs more. */
const longest = 4096

/** An address has no space before its `@`, and what is quoted in code, such as `"@scope/pkg"`, is not meant for us. */
const written = /(?<![^\s([<])@(?:"([^"\r\n]+)"(#L\d{1,7}(?:-L?\d{1,7})?)?|(?!")(\S+))/gu

const range = /#L(\d{1,7})(?:-L?(\d{1,7}))?$/

const ends = new Set(".,;:!?)]}>\"'`”’…")

/** How many ends of sentences are tried as parts of a path before they are all left out. */
const triedEnds = 4

/** The path without one more end, without two, and at last without all. */
const shortened = (path: string): ReadonlyArray<string> => {
  let end = path.length
  while (end > 0 && ends.has(path.charAt(end - 1))) end--
  const lengths = Array.from({ length: Math.min(path.length - end, triedEnds) }, (_, i) => path.length - i)
  return [...lengths, end].map((length) => path.slice(0, length))
}

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

const unquoted = (token: string): Mention => {
  const meant = shortened(token)
    .filter((path) => path !== "")
    .flatMap(withLines)
  const last = meant.at(-1)
  return {
    meant,
    path: last?.path ?? "",
    fileLike: last !== undefined && (last.lines !== undefined || isFileLike(last.path))
  }
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
  for (const [whole, path, lines = "", token = ""] of text.matchAll(written)) {
    if (whole.length > longest || seen.has(whole)) continue
    seen.add(whole)
    const mention = path === undefined ? unquoted(token) : quoted(path, lines)
    if (mention.path !== "") yield mention
  }
}
