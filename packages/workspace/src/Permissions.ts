import type { ToolDefinition } from "@parley/domain/Tool"
import type { RoundSoFar, Rule } from "@parley/domain/ToolPolicy"
import type { ToolInput } from "@parley/domain/McpManager"
import type { Finder } from "./SecretReads.ts"
import * as Schema from "effect/Schema"

const patternExpected = "the name of a tool (see `parley tools`), or its beginning and a star"

/** A tool's name as the model uses it, or its beginning and a star: `notes__add`, `notes__*`, `*`. */
const Pattern = Schema.String.check(
  Schema.isPattern(/^(?:[A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{0,63}\*)$/, { expected: patternExpected })
)
export const isPattern: (text: string) => boolean = Schema.is(Pattern)
/** What a pattern is, for whoever wrote something else. */
export const expected: string = patternExpected

const Permission = Schema.Literals(["allow", "ask", "ask-if-tainted", "deny"])
type Permission = typeof Permission.Type

/**
 * Which tools may run, by pattern. A whole name counts before a beginning, a longer beginning before a shorter one.
 * `ask-if-tainted` is `ask` when the request that the model answers holds anything that neither the user nor Parley wrote,
 * and else `allow`.
 */
export const Permissions = Schema.Record(Pattern, Permission)
export type Permissions = typeof Permissions.Type

/**
 * The servers that the project declares and the user trusts, each with the patterns of its tools that the user allowed when
 * trusting it.
 */
export type ProjectServers = ReadonlyMap<string, ReadonlyArray<string>>

/** Whether a permission counts for a server that a project declares: there what allows was not written for that server. */
const countsForProjects = (permission: Permission): boolean => permission === "deny" || permission === "ask"

/**
 * The permissions that can fit a tool of a server that a project declares, and whether they count there. `start` is how the
 * names of all of its tools begin.
 */
export const concerning = (permissions: Permissions, start: string) =>
  Object.entries(permissions).flatMap(([pattern, permission]) => {
    const fixed = pattern.replace(/\*$/, "")
    const fits = fixed.startsWith(start) || (fixed !== pattern && start.startsWith(fixed))
    return fits ? [{ pattern, permission, counts: countsForProjects(permission) }] : []
  })

/** What the most exact pattern that fits says, if any fits. */
const matcher = <A>(entries: ReadonlyArray<readonly [pattern: string, value: A]>) => {
  // A map, because a tool may be called `constructor`.
  const whole = new Map(entries)
  const beginnings = [...whole]
    .flatMap(([pattern, value]) => (pattern.endsWith("*") ? [{ start: pattern.slice(0, -1), value }] : []))
    .sort((a, b) => b.start.length - a.start.length)
  return (name: string): A | undefined =>
    whole.get(name) ?? beginnings.find(({ start }) => name.startsWith(start))?.value
}

/** What a rule looks at of a tool. */
export type Ruled = Pick<ToolDefinition, "name" | "server" | "safeToRepeat">

/** Of what nobody has said anything: it may run if the user, or who built it in, says that it only reads. */
const unnamed = ({ safeToRepeat }: Ruled): Permission => (safeToRepeat === "read-only" ? "allow" : "ask")

const anyOf = (patterns: ReadonlyArray<string>) => matcher(patterns.map((pattern) => [pattern, true] as const))

export interface RuleOptions {
  /** Patterns that the command line allows. */
  readonly allowed?: ReadonlyArray<string>
  /** The servers that a project declares. */
  readonly projects?: ProjectServers
  /** Which file that may hold secrets a call would read. */
  readonly secretRead?: Finder
}

/**
 * The rule for each tool. What the command line allows goes before the permissions, but what these deny
 * stays denied. Where no pattern fits, tools that only read may run, and the others are asked about. No pattern, `*`
 * included, allows the read of a file that may hold secrets: that is asked about each time.
 *
 * A tool of a server that a project declares runs unasked only if the user allowed it when trusting that server, or if a
 * pattern of the command line names the server. The permissions were written for other servers, of which one may have the
 * same name, so only what denies or asks counts there.
 */
export const rule = (
  permissions: Permissions,
  { allowed = [], projects = new Map(), secretRead = () => undefined }: RuleOptions = {}
): ((tool: Ruled, round: RoundSoFar, input: ToolInput) => Rule) => {
  const entries = Object.entries(permissions)
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
  const ofTool = (tool: Ruled, tainted: boolean): Rule => {
    const { configured, named, otherwise } = ofProject.get(tool.server) ?? own
    const permission = configured(tool.name)
    if (permission !== "deny" && named(tool.name) === true) return "allow"
    const meant = permission ?? otherwise(tool)
    return meant === "ask-if-tainted" ? (tainted ? "ask" : "allow") : meant
  }
  return (tool, { tainted }, input) => {
    const rule = ofTool(tool, tainted)
    return rule === "allow" && secretRead(tool.name, input) !== undefined ? "ask" : rule
  }
}
