import type { ToolDefinition } from "@parley/domain/Tool"
import * as ToolNames from "@parley/mcp/ToolNames"
import * as Permissions from "@parley/workspace/Permissions"
import * as Trust from "@parley/workspace/Trust"
import type { Setup } from "./Setup.ts"
import * as Withheld from "./Withheld.ts"

/** How the names of all tools of a server begin. */
export const startOf = (server: string): string => {
  const name = ToolNames.qualifiedName(server, "any")
  return name.slice(0, name.indexOf("__") + 2)
}

/** What says which tools may run. */
export type Rules = Pick<Setup, "allow" | "config" | "project"> & {
  readonly user: { readonly configFile: string }
  readonly workspace: { readonly root: string }
}

/** Which tools may run: what the user configured, allowed when trusting a server of the project, and typed. */
export const rule = (setup: Rules) =>
  Permissions.rule(setup.config.permissions ?? {}, {
    allowed: setup.allow,
    projects: Trust.allowing(setup.project),
    secretRead: Withheld.secretRead(setup)
  })

/** How to have a server of the project run a tool without asking. */
const allowedByTrust = (server: string, tool: string): string => `\`parley mcp trust ${server} --allow ${tool}\``

/** For people, where nobody can be asked: both ways to allow the tool. */
export const howToAllow = (setup: Rules, { name, server }: Pick<ToolDefinition, "name" | "server">): string => {
  const lasting = Trust.allowing(setup.project).has(server)
    ? allowedByTrust(server, name)
    : `"permissions": { "${name}": "allow" } in ${setup.user.configFile}`
  return `nobody can be asked whether ${name} may run; --allow ${name}, or ${lasting} can allow it`
}

/** Why a slot of the user may not call a tool: it is one of the project's, and would have to be asked about. */
export const refusesSlot = (setup: Rules): ((tool: string) => string | undefined) => {
  const allowed = rule(setup)
  const servers = [...Trust.allowing(setup.project).keys()]
  return (name) => {
    const server = servers.find((server) => name.startsWith(startOf(server)))
    return server === undefined || allowed({ name, server }, { tainted: true }, {}) === "allow"
      ? undefined
      : `this project declares the server of its tool ${name}; ${allowedByTrust(server, name)} lets it be called unasked`
  }
}
