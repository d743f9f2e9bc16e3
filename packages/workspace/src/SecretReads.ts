import type { ToolInput } from "@parley/domain/McpManager"
import * as SecretFiles from "@parley/domain/SecretFiles"
import * as Schema from "effect/Schema"

const expected =
  'a name such as "*.secret", the end of a path such as "deploy/token" or everything in a directory such as "keys/**", ' +
  "with ! before it to take it out"

/** A pattern as `SecretFiles.matcher` reads it. It says nothing of where a file is but how its path ends. */
const isEntry = (entry: string): boolean => {
  const pattern = entry.startsWith("!") ? entry.slice(1) : entry
  const segments = pattern.split("/")
  const named = segments.at(-1) === "**" ? segments.slice(0, -1) : segments
  return (
    pattern.length <= 256 &&
    !/[\\\p{C}\p{Zl}\p{Zp}]/u.test(pattern) &&
    !/^[~!]/.test(pattern) &&
    named.length > 0 &&
    named.every((segment) => !["", ".", ".."].includes(segment.trim()) && !segment.includes("**"))
  )
}

/** `secretFiles` of the user's configuration. */
export const Entries = Schema.Array(Schema.String.check(Schema.makeFilter(isEntry, { expected }))).check(
  Schema.isMaxLength(256, { expected: "256 entries at most" })
)

/** A file that a call would read, and why it may hold secrets. */
export interface SecretRead {
  readonly path: string
  readonly why: string
}

const readFile = "workspace__read_file"

/** Which file that may hold secrets a call of a built-in tool reads, if it names one. */
export type Finder = (tool: string, input: ToolInput) => SecretRead | undefined

/**
 * By the name that the call has for the file, and nothing else: the tool itself refuses a name that leads to a file with
 * another name that may hold secrets.
 */
export const finder =
  (root: string, secrets: SecretFiles.Matcher): Finder =>
  (tool, { path }) => {
    if (tool !== readFile || typeof path !== "string") return undefined
    const said = secrets(`${root}/${path}`)
    return said?._tag === "Secret" ? { path: SecretFiles.plain(path), why: said.why } : undefined
  }
