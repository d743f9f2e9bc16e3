import type * as Trust from "@parley/workspace/Trust"
import * as Schema from "effect/Schema"
import * as ServerView from "../ServerView.ts"

/** What a list of servers says of those that a project declares. */
export const fields = { source: Schema.optionalKey(Schema.Literal("project")) }

/** The states of a server of a project that is not used. */
export const unused = ["untrusted", "shadowed"] as const

/** The same, and that it is the project's, if it is. */
export const withSource = <A extends { readonly name: string }>(
  { servers }: Trust.Standings,
  shown: A
): A & { readonly source?: "project" } =>
  servers.some(({ name, standing }) => name === shown.name && standing === "trusted")
    ? { ...shown, source: "project" }
    : shown

const whys = {
  declined: "you said no to it; `parley mcp trust` shows it again",
  unknown: "you have not trusted it; `parley mcp trust` shows what it would run",
  shadowed: "a server of yours has this name"
}

/** What a project declares and what nothing is started of. */
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
