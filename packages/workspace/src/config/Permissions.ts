import type { ToolDefinition } from "@parley/domain/Tool"
import type { RoundSoFar, Rule } from "@parley/domain/ToolPolicy"
import type { ToolInput } from "@parley/domain/McpManager"
import type { Finder } from "./SecretReads.ts"
import * as Schema from "effect/Schema"
import { matcher, namesOf, ToolPattern } from "./ToolPattern.ts"

const Permission = Schema.Literals(["allow", "ask", "ask-if-tainted", "deny"])
type Permission = typeof Permission.Type

/** Of several patterns with paths that match a call, the strictest applies. */
const strictness: ReadonlyArray<Permission> = ["deny", "ask", "ask-if-tainted", "allow"]

/**
 * Which tools may run, by pattern. A pattern with a path takes precedence, and of several the strictest; then an exact name
 * over a prefix, and a longer prefix over a shorter one. `ask-if-tainted` means `ask` if the request that led to the call is
 * tainted (contains text that neither the user nor Parley wrote), otherwise `allow`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Permissions = Schema.Record(ToolPattern, Permission)
export type Permissions = typeof Permissions.Type

/**
 * The servers that the project declares and the user trusts, each with the patterns of its tools that the user allowed when
 * trusting it.
 *
 * @since 0.1.0
 * @category models
 */
export type ProjectServers = ReadonlyMap<string, ReadonlyArray<string>>

/** Whether a permission applies to a project's server: one that allows was not written for that server and does not. */
const countsForProjects = (permission: Permission): boolean => permission === "deny" || permission === "ask"

/**
 * The permissions whose patterns can match a tool of a project's server, and whether they apply there. `start` is the common
 * prefix of the names of its tools.
 *
 * @since 0.1.0
 * @category functions
 */
export const concerning = (permissions: Permissions, start: string) =>
  Object.entries(permissions).flatMap(([pattern, permission]) => {
    const names = namesOf(pattern)
    const fits = names.start.startsWith(start) || (names.isPrefix && start.startsWith(names.start))
    return fits ? [{ pattern, permission, counts: countsForProjects(permission) }] : []
  })

/**
 * The properties of a tool that a rule depends on.
 *
 * @since 0.1.0
 * @category models
 */
export type Ruled = Pick<ToolDefinition, "name" | "server" | "safeToRepeat">

/** Tools without a permission rule require approval unless the user or Parley itself has marked them read-only. */
const unnamed = ({ safeToRepeat }: Ruled): Permission => (safeToRepeat === "read-only" ? "allow" : "ask")

const anyOf = (patterns: ReadonlyArray<string>) => matcher(patterns.map((pattern) => [pattern, true] as const))

/**
 * What else than the configured permissions decides about a call.
 *
 * @since 0.1.0
 * @category models
 */
export interface RuleOptions {
  /** Patterns that the command line allows, such as with `--allow`. */
  readonly allowed?: ReadonlyArray<string>
  /** The servers that a project declares. */
  readonly projects?: ProjectServers
  /** Finds the file that a call would read, if it may contain secrets. */
  readonly secretRead?: Finder
}

/**
 * The rule for each tool. Patterns of the command line override the permissions, except `deny`. Tools that match no pattern
 * require approval unless marked read-only. No pattern, not even `*`, allows reading a file that may contain secrets: each
 * such call requires approval.
 *
 * A tool of a project's server runs without approval only if the user allowed it when trusting that server, or if a pattern
 * of the command line names the server. The permissions were written for other servers, one of which may have the same name,
 * so only `deny` and `ask` apply there.
 *
 * @since 0.1.0
 * @category functions
 */
export const rule = (
  permissions: Permissions,
  { allowed = [], projects = new Map(), secretRead = () => undefined }: RuleOptions = {}
): ((tool: Ruled, round: RoundSoFar, input: ToolInput) => Rule) => {
  const entries = Object.entries(permissions).toSorted(([, a], [, b]) => strictness.indexOf(a) - strictness.indexOf(b))
  const own = { configured: matcher(entries), named: anyOf(allowed), otherwise: unnamed }
  const restricting = matcher(entries.filter(([, permission]) => countsForProjects(permission)))
  // The first `__` in the name of a tool ends the name of its server.
  const naming = allowed.filter((pattern) => pattern.includes("__"))
  const ofProject = new Map(
    [...projects].map(([server, patterns]) => [
      server,
      { configured: restricting, named: anyOf([...patterns, ...naming]), otherwise: (): Permission => "ask" }
    ])
  )
  const ofCall = (tool: Ruled, tainted: boolean, input: ToolInput): Rule => {
    const { configured, named, otherwise } = ofProject.get(tool.server) ?? own
    const permission = configured(tool.name, input)
    if (permission !== "deny" && named(tool.name, input) === true) return "allow"
    const meant = permission ?? otherwise(tool)
    return meant === "ask-if-tainted" ? (tainted ? "ask" : "allow") : meant
  }
  return (tool, { tainted }, input) => {
    const rule = ofCall(tool, tainted, input)
    return rule === "allow" && secretRead(tool.name, input) !== undefined ? "ask" : rule
  }
}
