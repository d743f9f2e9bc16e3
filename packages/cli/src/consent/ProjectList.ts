import type * as Trust from "@parley/workspace/Trust"
import * as Schema from "effect/Schema"
import * as ServerView from "@parley/app/ServerView"

/** The field by which a list of servers marks those that the project declares. */
export const fields = { source: Schema.optionalKey(Schema.Literal("project")) }

/** The states of a project's server that is not used. */
export const unused = ["untrusted", "shadowed"] as const

/** Adds `source: "project"` to a server that the project declares and the user trusts. */
export const withSource = <A extends { readonly name: string }>(
  { servers }: Trust.Standings,
  shown: A
): A & { readonly source?: "project" } =>
  servers.some(({ name, standing }) => name === shown.name && standing === "trusted")
    ? { ...shown, source: "project" }
    : shown

const whys = {
  declined: "you declined it; `parley mcp trust` shows it again",
  unknown: "you have not trusted it; `parley mcp trust` shows what it would run",
  shadowed: "you have a server of the same name"
}

/** The servers that a project declares but that are not used, with the reason. */
export const notUsed = ({ servers }: Trust.Standings) =>
  servers.flatMap(({ config, name, standing }) =>
    standing === "trusted"
      ? []
      : [
          {
            ...ServerView.view(name, config),
            source: "project" as const,
            state: standing === "shadowed" ? ("shadowed" as const) : ("untrusted" as const),
            tools: 0,
            problem: whys[standing]
          }
        ]
  )
