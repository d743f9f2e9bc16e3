import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import { McpManager } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { type ResultFiles, sweep } from "./internal/ResultFiles.ts"
import type { AuthOptions } from "./McpAuth.ts"
import { connectWorkspace } from "./internal/WorkspaceServer.ts"
import { defaultSilence, limitsOf } from "./CallPatience.ts"
import type { CallProgress } from "./Progress.ts"
import { dialogueOf } from "./ServerDialogue.ts"
import type { Pins } from "./Pins.ts"
import { type LifeOptions, live } from "./ServerLife.ts"
import { defaultRestartPolicy, type RestartPolicy } from "./RestartPolicy.ts"
import { notesNow } from "./OfferListing.ts"
import { offering } from "./Offering.ts"
import { builtInDefinitions, readResultName } from "./ResultTool.ts"
import { statusOf } from "./ServerState.ts"
import { renew, superviseAlways } from "./Supervisor.ts"
import { callTool, refusedTool } from "./ToolCalls.ts"
import type { OfferedTool } from "./ToolList.ts"
import { reservedServerName, uniqueByName } from "./ToolNames.ts"
import { make as makeServer, settled, tell, type ToolServer } from "./ToolServer.ts"

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
  /**
   * An absolute path where results are kept whole that are too large to be shown; the directory is made when it is first
   * needed, and only this user can read it. What has been there for thirty days is removed when the layer is built. Without
   * it what does not fit is lost.
   */
  readonly spillDirectory?: string | undefined
  /** Told how far calls have got, a few times a second at most. Must be quick and not throw. */
  readonly onProgress?: ((progress: CallProgress) => void) | undefined
  /**
   * Where what servers log and write to their standard error is kept, a bounded file `NAME.log` for each; nowhere when
   * absent. `conceal` takes a server's secrets out of a text.
   */
  readonly logs?:
    | { readonly directory: string; readonly conceal: (config: McpServerConfig) => (text: string) => string }
    | undefined
  /** How long a server has for a sign of life after a call was given up, before it is started anew; five seconds when absent. */
  readonly hearing?: Duration.Input | undefined
  /** When a server that has died is started again; what is absent is as in `defaultRestartPolicy`. */
  readonly restarts?: Partial<RestartPolicy> | undefined
  /** Logs in to servers that are reached by an address. Without it one that wants a login fails. */
  readonly auth?: AuthOptions | undefined
  /**
   * Where it is kept what the tools of a server were when it was first seen. Tools that differ from that, or are new, are
   * then blocked: they are not among `tools`, and a call to one is `NotSent`. Without it nothing is pinned.
   */
  readonly pins?: Pins | undefined
  /**
   * How long what a server adds still counts as what it offered when it was first seen: some register their tools only after
   * the greeting. Five seconds when absent.
   */
  readonly firstSight?: Duration.Input | undefined
  /** Leaves in descriptions and schemas what nobody sees, for whoever makes it visible. No model may be told of it. */
  readonly keepUnseen?: boolean | undefined
}

const reservedName = `the name ${reservedServerName} is taken by the built-in tools: give this server another one`

/**
 * The built-in server. Its tools are known without it, so it starts, and the MCP SDK is loaded, when the first of them is
 * called.
 */
const builtIn = Effect.fnUntraced(function* (
  root: string,
  clientInfo: McpServersOptions["clientInfo"],
  results: ResultFiles | undefined
) {
  const server = yield* makeServer(reservedServerName, defaultSilence, undefined, { results })
  const definitions = builtInDefinitions(results !== undefined)
  const wanted = yield* Deferred.make<void>()
  yield* Deferred.await(wanted).pipe(
    Effect.andThen(connectWorkspace(root, clientInfo, results?.directory)),
    Effect.flatMap((connection) =>
      tell(server, { _tag: "BecameReady", connection, catalog: { tools: definitions, note: undefined } })
    ),
    Effect.catch(({ problem }) => tell(server, { _tag: "GaveUp", problem })),
    Effect.catchDefect((defect) => tell(server, { _tag: "GaveUp", problem: `internal error: ${String(defect)}` })),
    Effect.forkScoped
  )
  return { server, definitions, wake: Deferred.succeed(wanted, undefined) }
})

/** Starts the servers, all at once and in the background. One fiber holds them all, so that they also end all at once. */
const startAll = Effect.fnUntraced(function* (options: McpServersOptions, results: ResultFiles | undefined) {
  const lifeOptions: LifeOptions = {
    client: { clientInfo: options.clientInfo },
    admission: { pins: options.pins, keepUnseen: options.keepUnseen, firstSight: options.firstSight },
    directory: options.workspaceRoot,
    environment: options.environment,
    grace: Duration.fromInputUnsafe(options.closeGrace ?? "2 seconds"),
    onStderr: options.onStderr,
    hearing: options.hearing,
    auth: options.auth
  }
  const policy = { ...defaultRestartPolicy, ...options.restarts }
  const servers = yield* Effect.forEach(
    Object.entries(options.servers).filter(([, config]) => config.disabled !== true),
    ([name, config]) =>
      Effect.gen(function* () {
        const { silence, total } = limitsOf(config)
        const dialogue = yield* dialogueOf(name, config, options.logs)
        const server = yield* makeServer(name, silence, policy, {
          dialogue,
          longest: total,
          onProgress: options.onProgress,
          results
        })
        return { server, config }
      })
  )
  yield* Effect.forEach(
    servers,
    ({ config, server }) =>
      server.name === reservedServerName
        ? tell(server, { _tag: "GaveUp", problem: reservedName })
        : superviseAlways(server, live(server, config, lifeOptions)),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.forkScoped)
  // Runs before the servers are ended: who waits for one that is being started again need not wait for that.
  yield* Effect.addFinalizer(() => Effect.forEach(servers, ({ server }) => tell(server, { _tag: "Stopped" })))
  return servers.map(({ server }) => server)
})

/** A tool as it was last listed, and whether its server is ready now. */
interface Known extends OfferedTool {
  readonly from: ToolServer
  readonly live: boolean
}

const make = Effect.fnUntraced(function* (
  options: McpServersOptions
): Effect.fn.Return<McpManager["Service"], never, Scope> {
  const root = options.workspaceRoot
  const results: ResultFiles | undefined =
    options.spillDirectory === undefined
      ? undefined
      : { directory: options.spillDirectory, readWith: root === undefined ? undefined : readResultName }
  if (results !== undefined) yield* Effect.forkScoped(sweep(results.directory))
  const workspace = root === undefined ? undefined : yield* builtIn(root, options.clientInfo, results)
  const configured = yield* startAll(options, results)

  const own = workspace === undefined ? [] : workspace.definitions.map((tool) => ({ ...tool, from: workspace.server }))
  const toolsOf = (server: ToolServer) =>
    Effect.map(settled(server), (state) =>
      state.past.tools.map((tool) => ({ ...tool, from: server, live: state._tag === "Ready" }))
    )
  /** All tools as they were last listed; those of servers that are not ready now are marked. */
  const known = Effect.map(Effect.forEach(configured, toolsOf), (all) =>
    uniqueByName<Known>([...own.map((tool) => ({ ...tool, live: true })), ...all.flat()])
  )

  return McpManager.of({
    tools: Effect.map(known, (all) =>
      all.flatMap(({ from: _from, live, outputSchema: _promised, ...definition }: Known) => (live ? [definition] : []))
    ),
    ...offering(configured),
    servers: Effect.map(
      Effect.forEach(configured, (server) =>
        Effect.flatMap(settled(server), (state) =>
          Effect.map(notesNow(server, state), (notes) => statusOf(server.name, state, notes))
        )
      ),
      (statuses) => [
        ...(workspace === undefined
          ? []
          : [{ name: reservedServerName, state: "ready" as const, tools: workspace.definitions.length }]),
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
    }),
    restart: (name) =>
      Effect.suspend(() => {
        const server = configured.find((server) => server.name === name && name !== reservedServerName)
        return server === undefined
          ? Effect.undefined
          : Effect.map(renew(server), (state) => statusOf(server.name, state))
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
