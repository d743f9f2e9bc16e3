import type { ToolInput } from "@parley/domain/McpManager"
import * as SecretFiles from "@parley/domain/SecretFiles"
import { isPrintable } from "@parley/domain/VisibleText"
import * as Schema from "effect/Schema"

const expected =
  'a name such as "*.secret", the end of a path such as "deploy/token" or everything in a directory such as "keys/**", ' +
  "with ! before it to exempt the files that it matches"

/** Whether an entry is a pattern that `SecretFiles.matcher` accepts. Such patterns match the end of a path only. */
const isEntry = (entry: string): boolean => {
  const pattern = entry.startsWith("!") ? entry.slice(1) : entry
  const segments = pattern.split("/")
  const named = segments.at(-1) === "**" ? segments.slice(0, -1) : segments
  return (
    pattern.length <= 256 &&
    isPrintable(pattern) &&
    !pattern.includes("\\") &&
    !/^[~!]/.test(pattern) &&
    named.length > 0 &&
    named.every((segment) => !["", ".", ".."].includes(segment.trim()) && !segment.includes("**"))
  )
}

/**
 * The value of `secretFiles` in the user's configuration.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Entries = Schema.Array(Schema.String.check(Schema.makeFilter(isEntry, { expected }))).check(
  Schema.isMaxLength(256, { expected: "256 entries at most" })
)

/**
 * A file that a tool call would read, and why it may contain secrets.
 *
 * @since 0.1.0
 * @category models
 */
export interface SecretRead {
  readonly path: string
  readonly why: string
}

const readFile = "workspace__read_file"

/**
 * Returns the file that a call of a built-in tool would read, if that file may contain secrets.
 *
 * @since 0.1.0
 * @category models
 */
export type Finder = (tool: string, input: ToolInput) => SecretRead | undefined

/**
 * Judges only the path in the call's input. If that path is a link to a file whose name marks it as secret, the tool itself
 * refuses to read it.
 *
 * @since 0.1.0
 * @category functions
 */
export const finder =
  (root: string, secrets: SecretFiles.Matcher): Finder =>
  (tool, { path }) => {
    if (tool !== readFile || typeof path !== "string") return undefined
    const verdict = secrets(`${root}/${path}`)
    return verdict?._tag === "Secret" ? { path: SecretFiles.plain(path), why: verdict.why } : undefined
  }
