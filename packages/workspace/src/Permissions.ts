import type { ToolDefinition } from "@parley/domain/Tool"
import type { Rule, ToolPolicy } from "@parley/domain/ToolPolicy"
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

/** Of what nobody has said anything: it may run if the user, or who built it in, says that it only reads. */
const unnamed = ({ safeToRepeat }: ToolDefinition): Permission => (safeToRepeat === "read-only" ? "allow" : "ask")

/**
 * The rule for each tool. `allowed` are patterns of the command line: they go before the permissions, but what these deny
 * stays denied. Where no pattern fits, tools that only read may run, and the others are asked about.
 */
export const rule = (permissions: Permissions, allowed: ReadonlyArray<string> = []): ToolPolicy["rule"] => {
  const configured = matcher(Object.entries(permissions))
  const named = matcher(allowed.map((pattern) => [pattern, true] as const))
  return (tool, { tainted }): Rule => {
    const permission = configured(tool.name)
    if (permission !== "deny" && named(tool.name) === true) return "allow"
    const meant = permission ?? unnamed(tool)
    return meant === "ask-if-tainted" ? (tainted ? "ask" : "allow") : meant
  }
}
