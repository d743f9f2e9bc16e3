import { Buffer } from "node:buffer"
import * as Wildmatch from "./Wildmatch.ts"

/**
 * One line of an ignore file that is a pattern.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rule {
  /** Whether the line starts with `!`: its matches are not ignored. */
  readonly negated: boolean
  /** Whether it ends with `/`: it matches directories only. */
  readonly directoryOnly: boolean
  /** The text of the rule, and the file that contains it, for people. */
  readonly line: string
  readonly file: string
  /** Why the rules of the file are unknown, if so. This rule then stands for all of them, and ignores everything. */
  readonly unknown?: string | undefined
}

interface Wildcard {
  readonly at: number
  readonly anchored: boolean
  readonly matches: (subject: string) => boolean
}

/**
 * The parsed lines of one ignore file. They match paths relative to its directory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rules {
  readonly all: ReadonlyArray<Rule>
  readonly fold: boolean
  /** The positions in `all` of rules without wildcards: most rules are names, and there may be thousands of them. */
  readonly names: ReadonlyMap<string, ReadonlyArray<number>>
  readonly paths: ReadonlyMap<string, ReadonlyArray<number>>
  /** The other rules, the last one first. */
  readonly wildcards: ReadonlyArray<Wildcard>
}

/**
 * How to parse an ignore file.
 *
 * @since 0.1.0
 * @category models
 */
export interface ParseOptions {
  /** The file's name for people. */
  readonly file?: string | undefined
  /** Whether ASCII letters match regardless of case: git's `core.ignoreCase`. */
  readonly fold?: boolean | undefined
}

const special = /[*?[\\]/

/**
 * A name as git compares it: its UTF-8 bytes, one per code unit.
 *
 * @since 0.1.0
 * @category functions
 */
export const bytesOf = (name: string): string =>
  /[\u0080-\uFFFF]/.test(name) ? Buffer.from(name, "utf8").toString("latin1") : name

const shown = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8")

const folded = (text: string, fold: boolean): string =>
  fold ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text

/** How often a character is repeated at the end of a text. A regular expression would take quadratic time for this. */
const trailing = (text: string, character: string): number => {
  let start = text.length
  while (start > 0 && text[start - 1] === character) start--
  return text.length - start
}

const withoutTrailingSpaces = (line: string): string => {
  const spaces = trailing(line, " ")
  const kept = line.slice(0, line.length - spaces)
  return spaces > 0 && trailing(kept, "\\") % 2 === 1 ? `${kept} ` : kept
}

/** Git takes a line as a C string without its line end. */
const lineOf = (line: string): string => {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line
  const end = text.indexOf("\0")
  return withoutTrailingSpaces(end < 0 ? text : text.slice(0, end))
}

/** Matches `path`, of which git compares the part before the first wildcard literally, and the rest as a pattern. */
const pathMatcher = (pattern: string, fold: boolean): ((subject: string) => boolean) => {
  const literal = folded(pattern.slice(0, pattern.search(special)), fold)
  const rest = Wildmatch.matcher(pattern.slice(literal.length), { pathname: true, fold })
  return (subject) => subject.startsWith(literal) && rest(subject.slice(literal.length))
}

const nameMatcher = (pattern: string, fold: boolean): ((subject: string) => boolean) => {
  // Most rules with a wildcard are `*.ending`.
  if (pattern.startsWith("*") && !special.test(pattern.slice(1))) {
    const ending = folded(pattern.slice(1), fold)
    return (subject) => subject.endsWith(ending)
  }
  return Wildmatch.matcher(pattern, { pathname: false, fold })
}

const add = (map: Map<string, Array<number>>, key: string, at: number): void => {
  const known = map.get(key)
  if (known === undefined) map.set(key, [at])
  else known.push(at)
}

const byteOrderMark = "\u00EF\u00BB\u00BF"

/**
 * Parses an ignore file as git does: lines of bytes, each byte one code unit of `bytes`, in any encoding. Takes time
 * proportional to its length.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (bytes: string, { file = ".gitignore", fold = false }: ParseOptions = {}): Rules => {
  const all: Array<Rule> = []
  const names = new Map<string, Array<number>>()
  const paths = new Map<string, Array<number>>()
  const wildcards: Array<Wildcard> = []
  const text = bytes.startsWith(byteOrderMark) ? bytes.slice(byteOrderMark.length) : bytes
  for (const written of text.split("\n")) {
    if (written === "" || written.startsWith("#")) continue
    const line = lineOf(written)
    const negated = line.startsWith("!")
    const body = negated ? line.slice(1) : line
    const directoryOnly = body.endsWith("/")
    const path = directoryOnly ? body.slice(0, -1) : body
    const anchored = path.includes("/")
    const pattern = path.startsWith("/") ? path.slice(1) : path
    if (pattern === "") continue
    const at = all.push({ negated, directoryOnly, line: shown(line), file }) - 1
    if (!special.test(pattern)) add(anchored ? paths : names, folded(pattern, fold), at)
    else wildcards.push({ at, anchored, matches: anchored ? pathMatcher(pattern, fold) : nameMatcher(pattern, fold) })
  }
  return { all, fold, names, paths, wildcards: wildcards.toReversed() }
}

/**
 * Rules that ignore everything, for a file whose rules are unknown. `unknown` says why, for people.
 *
 * @since 0.1.0
 * @category functions
 */
export const everything = (file: string, unknown: string): Rules => ({
  all: [{ negated: false, directoryOnly: false, line: "", file, unknown }],
  fold: false,
  names: new Map(),
  paths: new Map(),
  wildcards: [{ at: 0, anchored: false, matches: () => true }]
})

/**
 * Whether these are the rules of a file whose rules are unknown.
 *
 * @since 0.1.0
 * @category guards
 */
export const isEverything = ({ all }: Rules): boolean => all[0]?.unknown !== undefined

/**
 * The last rule that matches an entry. `path` is relative to the directory of the ignore file; both are bytes.
 *
 * @since 0.1.0
 * @category functions
 */
export const deciding = (rules: Rules, path: string, name: string, directory: boolean): Rule | undefined => {
  const subject = { path: folded(path, rules.fold), name: folded(name, rules.fold) }
  const applies = (at: number) => directory || rules.all[at]?.directoryOnly === false
  const last = (some: ReadonlyArray<number> = []) => some.findLast(applies) ?? -1
  let found = Math.max(last(rules.names.get(subject.name)), last(rules.paths.get(subject.path)))
  for (const { anchored, at, matches } of rules.wildcards) {
    if (at < found) break
    if (applies(at) && matches(anchored ? subject.path : subject.name)) {
      found = at
      break
    }
  }
  return rules.all[found]
}

/**
 * The rules of a directory and of those above it. The nearest directory with a matching rule decides.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scope {
  /** The directory of the rules, relative to the root of the search; empty for the root and for those above it. */
  readonly directory: string
  /** For a directory above the root: the path from it to the root, with a slash at the end. */
  readonly below?: string | undefined
  readonly rules: Rules
  readonly above: Scope | undefined
}

/**
 * The rule that ignores an entry, provided that none of its parent directories is ignored. Paths use `/`.
 *
 * @since 0.1.0
 * @category functions
 */
export const ignoredBy = (
  scope: Scope | undefined,
  path: string,
  name: string,
  directory: boolean
): Rule | undefined => {
  if (scope === undefined) return undefined
  const whole = bytesOf(path)
  const last = bytesOf(name)
  for (let at: Scope | undefined = scope; at !== undefined; at = at.above) {
    if (at.rules.all.length === 0) continue
    const from = at.directory === "" ? 0 : bytesOf(at.directory).length + 1
    const rule = deciding(at.rules, `${at.below ?? ""}${whole.slice(from)}`, last, directory)
    if (rule !== undefined) return rule.negated ? undefined : rule
  }
  return undefined
}

/**
 * Whether an entry is ignored, provided that none of its parent directories is ignored.
 *
 * @since 0.1.0
 * @category functions
 */
export const ignores = (...entry: Parameters<typeof ignoredBy>): boolean => ignoredBy(...entry) !== undefined
