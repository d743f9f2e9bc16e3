import type { McpManager } from "@parley/domain/McpManager"
import { ServerRequests } from "@parley/domain/ServerRequests"
import type { SlowStart } from "@parley/mcp/Launchers"
import type { AuthOptions } from "@parley/mcp/LoginOptions"
import type { McpServersOptions } from "@parley/mcp/McpServers"
import { serverRedaction } from "@parley/mcp/ServerSecrets"
import type { Pins } from "@parley/mcp/ToolPins"
import * as IgnoredEntries from "@parley/workspace/IgnoredEntries"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ownerOf, type Setup } from "../configuration/Setup.ts"
import * as WithheldFiles from "../configuration/WithheldFiles.ts"
import { HostProcess } from "../ports/HostProcess.ts"
import { Notices, Progress } from "../ports/Notices.ts"
import * as ServerRequestHandler from "./ServerRequestHandler.ts"

// A command loads only what it uses: packages with large dependencies are imported when their layer is built.

/**
 * Options of `tools`. Those of `McpServersOptions` are passed on.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolsOptions extends Pick<McpServersOptions, "literal" | "logs" | "onProgress" | "patience"> {
  /** How to log in to the servers, if not with the stored logins. */
  readonly auth?: Partial<AuthOptions>
  /** Where the pinned tools are stored. Default: with the user's data. `none` disables pinning. */
  readonly pins?: Pins | "none"
  /** Keep invisible characters in tool definitions, so that a host can make them visible to a person. */
  readonly keepUnseen?: boolean
}

/** Reports that a server takes long to start, so that users know what they are waiting for. */
const slowStarts = Effect.gen(function* () {
  const { notify } = yield* Notices
  const run = Effect.runForkWith(yield* Effect.context())
  return ({ launcher, seconds, server }: SlowStart): void =>
    void run(notify({ _tag: "ServerStarting", launcher, seconds, server }))
})

/**
 * The MCP servers in effect, or the given ones instead, and the built-in workspace tools.
 *
 * @since 0.1.0
 * @category functions
 */
export const tools = (
  setup: Setup,
  servers = setup.servers,
  { auth, keepUnseen, pins, ...more }: ToolsOptions = {}
): Layer.Layer<McpManager> =>
  Layer.unwrap(
    Effect.promise(() =>
      Promise.all([
        import("@parley/mcp/McpServers"),
        import("@parley/mcp/LoginOptions"),
        import("../trust/ToolPinFiles.ts")
      ])
    ).pipe(
      Effect.zip(Effect.all([HostProcess, slowStarts])),
      Effect.map(([[McpServers, LoginOptions, ToolPinFiles], [{ clientInfo, ending }, onSlowStart]]) =>
        McpServers.layer({
          onSlowStart,
          servers,
          pins: pins === "none" ? undefined : (pins ?? ToolPinFiles.make(setup)),
          keepUnseen,
          workspaceRoot: setup.workspace.root,
          // A project's servers run exactly as they were shown when the user trusted them: variables are not expanded.
          literal: setup.project.servers.flatMap(({ name, standing }) => (standing === "trusted" ? [name] : [])),
          withheld: WithheldFiles.of(setup),
          ignore: IgnoredEntries.make(setup.workspace),
          spillDirectory: setup.user.resultsDirectory,
          clientInfo,
          ending,
          howToAccept: (name) => `\`parley mcp trust ${name}\``,
          ...more,
          auth: {
            store: (name) => LoginOptions.directory(ServerPlaces.logins(setup.user, ownerOf(setup, name))),
            advice: (name) => `run \`parley mcp auth ${name}\``,
            ...auth
          }
        })
      )
    )
  )

/** The tools for sessions: servers may send requests, their logs are stored, and the progress of calls is reported. */
export const toolsOfSessions = (setup: Setup) =>
  Layer.unwrap(
    Effect.map(Progress, (onProgress) =>
      tools(setup, undefined, {
        onProgress,
        // A round waits no longer for a server that npx is downloading than for any other server.
        patience: "10 seconds",
        logs: {
          directory: (name) => ServerPlaces.logs(setup.user, ownerOf(setup, name)),
          redact: serverRedaction
        }
      })
    )
  ).pipe(Layer.provide(Layer.effect(ServerRequests, ServerRequestHandler.make)))
