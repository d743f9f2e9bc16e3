import * as Glob from "effect/Glob"

/** The lines of one ignore file, ready to be asked about paths relative to its directory. */
export type Rules = ReadonlyArray<Rule>

export interface Rule {
  /** Written with `!`: what it matches is not ignored after all. */
  readonly negated: boolean
  readonly directoryOnly: boolean
  /** Whether it is about a whole path, or about a name wherever it is. */
  readonly anchored: boolean
  readonly matches: (subject: string) => boolean
  /** As it is written, and in which file. */
  readonly line: string
  readonly file: string
}

/** Braces mean nothing to git, and much to a glob. */
const plainBraces = (pattern: string): string =>
  pattern.replace(/\\.|[{}]/gsu, (found) => (found === "{" || found === "}" ? `\\${found}` : found))

/** Most rules are a name or `*.ending`, which need no glob: there may be many rules, and very many names to ask about. */
const matcher = (pattern: string): ((subject: string) => boolean) => {
  if (!/[*?[\]{}\\]/.test(pattern)) return (subject) => subject === pattern
  const ending = /^\*([^*?[\]{}\\/]+)$/.exec(pattern)?.[1]
  if (ending !== undefined) return (subject) => subject.endsWith(ending)
  // What git means by `a/**` is all that is in `a`, and not `a` itself.
  const inside = pattern.endsWith("/**") ? `${pattern}/*` : pattern
  const glob = Glob.make(plainBraces(inside), { dot: true })
  return (subject) => Glob.match(glob, subject)
}

/** How many of a character a text ends with. Not a regular expression, which would take the square of a long run. */
const trailing = (text: string, character: string): number => {
  let start = text.length
  while (start > 0 && text[start - 1] === character) start--
  return text.length - start
}

/** A backslash that quotes nothing makes git drop the line. */
const endsQuoting = (text: string): boolean => trailing(text, "\\") % 2 === 1

const withoutTrailingSpaces = (line: string): string => {
  const spaces = trailing(line, " ")
  const kept = line.slice(0, line.length - spaces)
  return spaces > 0 && endsQuoting(kept) ? `${kept} ` : kept
}

const rule = (line: string, file: string): Rule | undefined => {
  if (line.startsWith("#")) return undefined
  const text = withoutTrailingSpaces(line)
  const negated = text.startsWith("!")
  const body = negated ? text.slice(1) : text
  const directoryOnly = body.endsWith("/")
  const path = directoryOnly ? body.slice(0, -1) : body
  const anchored = path.includes("/")
  const pattern = path.startsWith("/") ? path.slice(1) : path
  // Nothing in a tree has such a path, so to git the line matches nothing.
  if (pattern.split("/").some((part) => part === "" || part === "." || part === "..") || endsQuoting(pattern))
    return undefined
  return { negated, directoryOnly, anchored, matches: matcher(pattern), line: text, file }
}

/**
 * What git reads out of a `.gitignore`. Built on `effect/Glob`, which takes time in proportion to pattern times name: the
 * patterns and the names are both the project's, and as regular expressions they could stop us for hours.
 */
export const parse = (text: string, file = ".gitignore"): Rules =>
  text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .flatMap((line) => rule(line.endsWith("\r") ? line.slice(0, -1) : line, file) ?? [])

/** The last of the rules that matches an entry. `path` is relative to where they are written. */
const deciding = (rules: Rules, path: string, name: string, directory: boolean): Rule | undefined => {
  for (let i = rules.length - 1; i >= 0; i--) {
    const rule = rules[i]
    if (rule === undefined || (rule.directoryOnly && !directory)) continue
    if (rule.matches(rule.anchored ? path : name)) return rule
  }
  return undefined
}

/** The rules of a directory and of those above it. The nearest that says anything decides. */
export interface Scope {
  readonly directory: string
  readonly rules: Rules
  readonly above: Scope | undefined
}

/** The rule by which an entry is ignored, given that the directories it is in are not. */
export const ignoredBy = (
  scope: Scope | undefined,
  path: string,
  name: string,
  directory: boolean
): Rule | undefined => {
  for (let at = scope; at !== undefined; at = at.above) {
    const relative = at.directory === "" ? path : path.slice(at.directory.length + 1)
    const said = at.rules.length === 0 ? undefined : deciding(at.rules, relative, name, directory)
    if (said !== undefined) return said.negated ? undefined : said
  }
  return undefined
}

/** Whether an entry is ignored, given that the directories it is in are not. */
export const ignores = (...entry: Parameters<typeof ignoredBy>): boolean => ignoredBy(...entry) !== undefined
