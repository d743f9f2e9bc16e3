import type { ConfigError } from "@parley/domain/Errors"
import * as ToolNames from "@parley/mcp/ToolNames"
import * as Permissions from "@parley/workspace/Permissions"
import * as Trust from "@parley/workspace/Trust"
import * as UserConfig from "@parley/workspace/UserConfig"
import type * as Effect from "effect/Effect"
import type { Setup } from "./Setup.ts"
import * as WithheldFiles from "./WithheldFiles.ts"

/**
 * The prefix that the qualified names of all tools of a server share.
 *
 * @since 0.1.0
 * @category constructors
 */
export const startOf = (server: string): string => {
  const name = ToolNames.qualifiedName(server, "any")
  return name.slice(0, name.indexOf("__") + 2)
}

/**
 * The parts of a setup that decide which tools may run.
 *
 * @since 0.1.0
 * @category models
 */
export type Rules = Pick<Setup, "allow" | "config" | "project"> & {
  readonly user: { readonly configFile: string }
  readonly workspace: { readonly root: string }
}

/**
 * Which tools may run: the permissions in the user's configuration, those the user allowed when trusting a server of the
 * project, and those given as options.
 *
 * @since 0.1.0
 * @category functions
 */
export const rule = (setup: Rules) =>
  Permissions.rule(UserConfig.permissionsIn(setup.config, setup.workspace.root), {
    allowed: setup.allow,
    projects: Trust.allowing(setup.project),
    secretRead: WithheldFiles.secretRead(setup)
  })

/**
 * Whether the project declares the tool's server. Permissions that allow do not apply to its tools.
 *
 * @since 0.1.0
 * @category functions
 */
export const isOfProject = (setup: Rules, { server }: { readonly server: string }): boolean =>
  Trust.allowing(setup.project).has(server)

/**
 * Allows a tool in the workspace, in the user's configuration.
 *
 * @since 0.1.0
 * @category functions
 */
export const allowInWorkspace = (setup: Rules, tool: string): Effect.Effect<void, ConfigError> =>
  UserConfig.edit(setup.user.configFile, [
    { path: ["workspaces", setup.workspace.root, "permissions", tool], value: "allow" }
  ])

/**
 * The command with which a user allows a tool of a project's server to run without approval.
 *
 * @since 0.1.0
 * @category functions
 */
export const allowedByTrust = (server: string, tool: string): string => `\`parley mcp trust ${server} --allow ${tool}\``

/**
 * Why one of the user's slots may not call a tool: it belongs to a server of the project and would require approval.
 *
 * @since 0.1.0
 * @category functions
 */
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
