import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { connectWorkspace } from "./internal/WorkspaceServer.ts"
import { type LifeOptions, live } from "./ServerLife.ts"
import { callTool, unknownTool } from "./ToolCalls.ts"
import { reservedServerName, uniqueByName } from "./ToolNames.ts"
import { fail, make as makeServer, settle, settled, statusOf, type ToolServer } from "./ToolServer.ts"
import { workspaceDefinitions } from "./WorkspaceTools.ts"

export interface McpServersOptions {
  /** The servers by name. Disabled ones are as if they were absent. The name `workspace` is taken. */
  readonly servers: { readonly [name: string]: McpServerConfig }
  /**
   * The directory that the built-in `workspace` tools may read, and where servers are started that name no directory of
   * their own. Without it there are no built-in tools.
   */
  readonly workspaceRoot?: string | undefined
  /** Who we say we are. */
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** Sees everything that stdio servers write to their standard error, raw, piece by piece. Must be quick and not throw. */
  readonly onStderr?: ((server: string, text: string) => void) | undefined
  /** Where the allow-listed variables of child servers come from; the environment of this process when absent. */
  readonly environment?: { readonly [name: string]: string | undefined } | undefined
  /** How long an ending server has after the end of its input, and again after SIGTERM; two seconds when absent. */
  readonly closeGrace?: Duration.Input | undefined
}

const defaultTimeout = Duration.seconds(120)

/**
 * The built-in server. Its tools are known without it, so it starts, and the MCP SDK is loaded, when the first of them is
 * called.
 */
const builtIn = Effect.fnUntraced(function* (root: string, clientInfo: LifeOptions["clientInfo"]) {
  const server = yield* makeServer(reservedServerName, defaultTimeout)
  const wanted = yield* Deferred.make<void>()
  yield* Deferred.await(wanted).pipe(
    Effect.andThen(connectWorkspace(root, clientInfo)),
    Effect.flatMap((connection) =>
      settle(server, { _tag: "Ready", connection, tools: workspaceDefinitions, problem: undefined })
    ),
    Effect.catch(({ problem }) => fail(server, problem)),
    Effect.catchDefect((defect) => fail(server, `internal error: ${String(defect)}`)),
    Effect.forkScoped
  )
  return { server, wake: Deferred.succeed(wanted, undefined) }
})

/** Starts the servers, all at once and in the background. One fiber holds them all, so that they also end all at once. */
const startAll = Effect.fnUntraced(function* (options: McpServersOptions) {
  const lifeOptions: LifeOptions = {
    clientInfo: options.clientInfo,
    directory: options.workspaceRoot,
    environment: options.environment,
    grace: Duration.fromInputUnsafe(options.closeGrace ?? "2 seconds"),
    onStderr: options.onStderr
  }
  const servers = yield* Effect.forEach(
    Object.entries(options.servers).filter(([, config]) => config.disabled !== true),
    ([name, config]) =>
      Effect.map(
        makeServer(name, config.timeoutMillis === undefined ? defaultTimeout : Duration.millis(config.timeoutMillis)),
        (server) => ({ server, config })
      )
  )
  yield* Effect.forEach(
    servers,
    ({ config, server }) =>
      server.name === reservedServerName
        ? fail(server, `the name ${reservedServerName} is taken by the built-in tools: give this server another one`)
        : live(server, config, lifeOptions),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.forkScoped)
  return servers.map(({ server }) => server)
})

const make = Effect.fnUntraced(function* (
  options: McpServersOptions
): Effect.fn.Return<McpManager["Service"], never, Scope> {
  const root = options.workspaceRoot
  const workspace = root === undefined ? undefined : yield* builtIn(root, options.clientInfo)
  const configured = yield* startAll(options)

  const own = workspace === undefined ? [] : workspaceDefinitions.map((tool) => ({ ...tool, from: workspace.server }))
  const toolsOf = (server: ToolServer) =>
    Effect.map(settled(server), (state) =>
      state._tag === "Starting"
        ? []
        : state.tools.map((tool) => ({ ...tool, from: server, live: state._tag === "Ready" }))
    )
  /** All tools that were ever listed; those of servers that have ended are marked. */
  const known = Effect.map(Effect.forEach(configured, toolsOf), (all) =>
    uniqueByName([...own.map((tool) => ({ ...tool, live: true })), ...all.flat()])
  )

  return McpManager.of({
    tools: Effect.map(known, (all) =>
      all.flatMap(({ from: _from, live, ...definition }) => (live ? [definition] : []))
    ),
    servers: Effect.map(
      Effect.forEach(configured, (server) => Effect.map(settled(server), (state) => statusOf(server.name, state))),
      (statuses) => [
        ...(workspace === undefined
          ? []
          : [{ name: reservedServerName, state: "ready" as const, tools: workspaceDefinitions.length }]),
        ...statuses
      ]
    ),
    call: Effect.fnUntraced(function* (name, input, context) {
      // A built-in tool need not wait for servers that are still starting.
      const ours = own.find((tool) => tool.name === name)
      if (ours !== undefined && workspace !== undefined) yield* workspace.wake
      const found = ours ?? (yield* known).find((tool) => tool.name === name)
      if (found === undefined) return yield* unknownTool(name)
      return yield* callTool(found.from, found, input, context)
    })
  })
})

/**
 * The tools of MCP servers, and of the built-in workspace server. Building the layer waits for nothing: servers start in
 * the background, all at once, and `tools` waits until each is ready or has failed. A server that fails costs its own
 * tools, and `servers` says why. The list of a server's tools is read once, when it has started. Closing the scope ends
 * all connections at once and leaves no process behind, grandchildren included.
 */
export const layer = (options: McpServersOptions): Layer.Layer<McpManager> => Layer.effect(McpManager, make(options))
