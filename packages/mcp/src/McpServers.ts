import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { connectWorkspace } from "./internal/WorkspaceServer.ts"
import type { Pins } from "./Pins.ts"
import { type LifeOptions, live } from "./ServerLife.ts"
import { defaultRestartPolicy, type RestartPolicy } from "./RestartPolicy.ts"
import { statusOf } from "./ServerState.ts"
import { supervise } from "./Supervisor.ts"
import { callTool, refusedTool } from "./ToolCalls.ts"
import { reservedServerName, uniqueByName } from "./ToolNames.ts"
import { make as makeServer, settled, tell, type ToolServer } from "./ToolServer.ts"
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
  /** When a server that has died is started again; what is absent is as in `defaultRestartPolicy`. */
  readonly restarts?: Partial<RestartPolicy> | undefined
  /**
   * Where it is kept what the tools of a server were when it was first seen. Tools that differ from that, or are new, are
   * then blocked: they are not among `tools`, and a call to one is `NotSent`. Without it nothing is pinned.
   */
  readonly pins?: Pins | undefined
  /** Leaves in descriptions and schemas what nobody sees, for whoever makes it visible. No model may be told of it. */
  readonly keepUnseen?: boolean | undefined
}

const reservedName = `the name ${reservedServerName} is taken by the built-in tools: give this server another one`
const defaultTimeout = Duration.seconds(120)

/**
 * The built-in server. Its tools are known without it, so it starts, and the MCP SDK is loaded, when the first of them is
 * called.
 */
const builtIn = Effect.fnUntraced(function* (root: string, clientInfo: McpServersOptions["clientInfo"]) {
  const server = yield* makeServer(reservedServerName, defaultTimeout)
  const wanted = yield* Deferred.make<void>()
  yield* Deferred.await(wanted).pipe(
    Effect.andThen(connectWorkspace(root, clientInfo)),
    Effect.flatMap((connection) =>
      tell(server, { _tag: "BecameReady", connection, catalog: { tools: workspaceDefinitions, note: undefined } })
    ),
    Effect.catch(({ problem }) => tell(server, { _tag: "GaveUp", problem })),
    Effect.catchDefect((defect) => tell(server, { _tag: "GaveUp", problem: `internal error: ${String(defect)}` })),
    Effect.forkScoped
  )
  return { server, wake: Deferred.succeed(wanted, undefined) }
})

/** Starts the servers, all at once and in the background. One fiber holds them all, so that they also end all at once. */
const startAll = Effect.fnUntraced(function* (options: McpServersOptions) {
  const lifeOptions: LifeOptions = {
    client: { clientInfo: options.clientInfo },
    admission: { pins: options.pins, keepUnseen: options.keepUnseen },
    directory: options.workspaceRoot,
    environment: options.environment,
    grace: Duration.fromInputUnsafe(options.closeGrace ?? "2 seconds"),
    onStderr: options.onStderr
  }
  const policy = { ...defaultRestartPolicy, ...options.restarts }
  const servers = yield* Effect.forEach(
    Object.entries(options.servers).filter(([, config]) => config.disabled !== true),
    ([name, config]) =>
      Effect.map(
        makeServer(
          name,
          config.timeoutMillis === undefined ? defaultTimeout : Duration.millis(config.timeoutMillis),
          policy
        ),
        (server) => ({ server, config })
      )
  )
  yield* Effect.forEach(
    servers,
    ({ config, server }) =>
      server.name === reservedServerName
        ? tell(server, { _tag: "GaveUp", problem: reservedName })
        : supervise(server, live(server, config, lifeOptions)),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.forkScoped)
  // Runs before the servers are ended: who waits for one that is being started again need not wait for that.
  yield* Effect.addFinalizer(() => Effect.forEach(servers, ({ server }) => tell(server, { _tag: "Stopped" })))
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
      state.past.tools.map((tool) => ({ ...tool, from: server, live: state._tag === "Ready" }))
    )
  /** All tools as they were last listed; those of servers that are not ready now are marked. */
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
      if (found === undefined) {
        const states = yield* Effect.forEach(configured, settled)
        return yield* refusedTool(
          name,
          states.flatMap(({ past }) => past.blocked)
        )
      }
      return yield* callTool(found.from, found, input, context)
    })
  })
})

/**
 * The tools of MCP servers, and of the built-in workspace server. Building the layer waits for nothing: servers start in
 * the background, all at once, and `tools` waits until each has become ready or has failed to for the first time. A server
 * that fails costs its own tools, and `servers` says why; it is started again after a pause, unless it fails too often. Its
 * tools are listed anew whenever it starts and whenever it says that they have changed. Closing the scope ends all
 * connections at once and leaves no process behind, grandchildren included.
 */
export const layer = (options: McpServersOptions): Layer.Layer<McpManager> => Layer.effect(McpManager, make(options))
