import type { ToolInput } from "@parley/domain/McpManager"
import * as Glob from "effect/Glob"
import * as Schema from "effect/Schema"

/**
 * A description of valid patterns, for error messages.
 *
 * @since 0.1.0
 * @category constants
 */
export const expected: string =
  "the name of a tool, or the beginning of a name followed by *; a path in parentheses may follow"

const form = /^([A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{0,63}\*)(?:\(([^\0]{1,256})\))?$/

/** At most this many alternatives in braces, which multiply. */
const maxAlternatives = 256

const alternativesIn = (path: string): number =>
  path
    .split("{")
    .slice(1)
    .reduce((product, part) => product * part.split(",").length, 1)

const isValid = (text: string): boolean => {
  const [, , path = ""] = form.exec(text) ?? []
  return form.test(text) && alternativesIn(path) <= maxAlternatives && !path.split("/").includes("..")
}

/**
 * Which calls a rule is about: a tool's name as the model uses it, or a prefix followed by a star (`notes__add`, `notes__*`,
 * `*`). A path in parentheses, which may have wildcards, restricts it to calls of built-in tools for such a path of the
 * workspace: `workspace__read_file(docs/**)`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolPattern = Schema.String.check(Schema.makeFilter(isValid, { expected }))

/**
 * Whether a text is a valid pattern.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPattern: (text: string) => boolean = Schema.is(ToolPattern)

/**
 * The names that a pattern matches: one, or all that begin with `start`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Names {
  /** The pattern without its star and its path. */
  readonly start: string
  readonly isPrefix: boolean
  /** Whether a path follows, so that only built-in tools match. */
  readonly hasPath: boolean
  /** Whether this tool is one of them. */
  readonly matches: (name: string) => boolean
}

/** What the input of another tool means is up to its server. */
const isBuiltIn = (tool: string): boolean => tool.startsWith("workspace__")

/**
 * The names of the tools that a pattern is about.
 *
 * @since 0.1.0
 * @category functions
 */
export const namesOf = (pattern: string): Names => {
  const [, name = pattern, path] = form.exec(pattern) ?? []
  const isPrefix = name.endsWith("*")
  const start = isPrefix ? name.slice(0, -1) : name
  const fits = (other: string) => (isPrefix ? other.startsWith(start) : other === start)
  return {
    start,
    isPrefix,
    hasPath: path !== undefined,
    matches: (other) => fits(other) && (path === undefined || isBuiltIn(other))
  }
}

/** Follows `.` and `..`; undefined if the path leads out of the workspace. The workspace itself is the empty path. */
const followed = (path: string): string | undefined => {
  const kept: Array<string> = []
  for (const segment of path.split("/")) {
    if (segment === "..") {
      if (kept.pop() === undefined) return undefined
    } else if (segment !== "" && segment !== ".") kept.push(segment)
  }
  return kept.join("/")
}

/** The path that a call of a built-in tool is about. */
const pathOf = ({ path = "" }: ToolInput): string | undefined => (typeof path === "string" ? followed(path) : undefined)

const pathMatcher = (pattern: string): ((path: string) => boolean) => {
  const wanted = followed(pattern) ?? pattern
  const glob = Glob.make(wanted, { dot: true })
  return (path) => path === wanted || Glob.match(glob, path)
}

/**
 * Finds the value that applies to a call. Patterns with a path that matches come first, and of these the first entry; then the
 * most specific name: a whole name before a prefix, a longer prefix before a shorter one. Undefined if none matches.
 *
 * @since 0.1.0
 * @category constructors
 */
export const matcher = <A>(entries: ReadonlyArray<readonly [pattern: string, value: A]>) => {
  const plain = entries.filter(([pattern]) => !pattern.endsWith(")"))
  // A map, because a tool may be called `constructor`.
  const whole = new Map(plain)
  const beginnings = plain
    .map(([pattern, value]) => ({ names: namesOf(pattern), value }))
    .filter(({ names }) => names.isPrefix)
    .sort((a, b) => b.names.start.length - a.names.start.length)
  const withPath = entries.flatMap(([pattern, value]) => {
    const path = form.exec(pattern)?.[2]
    return path === undefined ? [] : [{ names: namesOf(pattern), isPath: pathMatcher(path), value }]
  })
  return (tool: string, input: ToolInput): A | undefined => {
    if (withPath.length > 0) {
      const path = pathOf(input)
      const found =
        path === undefined ? undefined : withPath.find(({ isPath, names }) => names.matches(tool) && isPath(path))
      if (found !== undefined) return found.value
    }
    return whole.get(tool) ?? beginnings.find(({ names }) => names.matches(tool))?.value
  }
}
