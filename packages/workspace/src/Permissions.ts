import type { ToolDefinition } from "@parley/domain/Tool"
import type { ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Schema from "effect/Schema"

/** A tool's name as the model uses it, or its beginning and a star: `notes__add`, `notes__*`, `*`. */
const pattern = Schema.String.check(
  Schema.isPattern(/^(?:[A-Za-z0-9_-]{1,64}|[A-Za-z0-9_-]{0,63}\*)$/, {
    expected: "the name of a tool (see `parley tools`), or its beginning and a star"
  })
)

/** Which tools may run, by pattern. A whole name counts before a beginning, a longer beginning before a shorter one. */
export const Permissions = Schema.Record(pattern, Schema.Literals(["allow", "ask", "deny"]))
export type Permissions = typeof Permissions.Type

/** The rule for each tool; `allow` where no pattern fits. */
export const rule = (permissions: Permissions): ToolPolicy["rule"] => {
  // A map, because a tool may be called `constructor`.
  const whole = new Map(Object.entries(permissions))
  const beginnings = [...whole]
    .flatMap(([pattern, rule]) => (pattern.endsWith("*") ? [{ start: pattern.slice(0, -1), rule }] : []))
    .sort((a, b) => b.start.length - a.start.length)
  return ({ name }: ToolDefinition) =>
    whole.get(name) ?? beginnings.find(({ start }) => name.startsWith(start))?.rule ?? "allow"
}
