import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { StorageError } from "@parley/domain/Errors"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { ServerRequests } from "@parley/domain/ServerRequests"
import type { Pins } from "@parley/mcp/ToolPins"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import { CompactionSettings } from "@parley/session/CompactionSettings"
import { Fallbacks } from "@parley/session/Fallbacks"
import { defaults as limitDefaults, Limits } from "@parley/session/Limits"
import { Meter, Sampled } from "@parley/session/SamplingUsage"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Http from "@parley/http/Http"
import type { AuthOptions } from "@parley/mcp/LoginOptions"
import * as Providers from "@parley/provider/Providers"
import * as DynamicContext from "@parley/workspace/DynamicContext"
import * as EnvironmentInfo from "@parley/workspace/EnvironmentInfo"
import * as Files from "@parley/workspace/Files"
import * as IgnoredEntries from "@parley/workspace/IgnoredEntries"
import * as Prompt from "@parley/workspace/Prompt"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ownerOf, type Setup } from "../configuration/Setup.ts"
import type { McpServersOptions } from "@parley/mcp/McpServers"
import * as FileNotices from "./FileNotices.ts"
import { HostProcess } from "../ports/HostProcess.ts"
import { Notices, Progress } from "../ports/Notices.ts"
import * as ServerRequestHandler from "./ServerRequestHandler.ts"
import * as ApprovalPolicy from "./ApprovalPolicy.ts"
import { serverRedaction } from "@parley/mcp/ServerSecrets"
import type { SlowStart } from "@parley/mcp/Launchers"
import * as SharedBudget from "./SharedBudget.ts"
import * as SlotOptions from "../configuration/SlotOptions.ts"
import * as WithheldFiles from "../configuration/WithheldFiles.ts"

// A command loads only what it uses: packages with large dependencies are imported when their layer is built.

/**
 * The stored sessions of this user. With access `read`, a database without write permission is enough.
 *
 * @since 0.1.0
 * @category functions
 */
export const sessions = (setup: Setup, access: "write" | "read" = "write"): Layer.Layer<SessionManager, StorageError> =>
  Layer.unwrap(
    Effect.promise(() => Promise.all([import("@parley/store/SqliteSessions"), import("@parley/store/SecureIds")])).pipe(
      Effect.map(([SqliteSessions, SecureIds]) =>
        SqliteSessions.layer({ filename: setup.user.databaseFile, access }).pipe(Layer.provide(SecureIds.layer))
      )
    )
  )

const millis = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000)

/**
 * Idle limits of the HTTP client for requests to models, in milliseconds. They are longer than a round waits, so that the
 * limits of the round apply first.
 *
 * @since 0.1.0
 * @category functions
 */
export const silence = ({ firstTokenSeconds, idleSeconds }: Setup["limits"]) => {
  const longest = Math.max(
    millis(firstTokenSeconds) ?? limitDefaults.firstChunkMillis,
    millis(idleSeconds) ?? limitDefaults.idleMillis
  )
  return { headersMillis: longest + 60_000, idleMillis: longest + 60_000 }
}

/**
 * What a user can do to get a real model.
 *
 * @since 0.1.0
 * @category constants
 */
export const realModel = `set one of ${Providers.keyVariables.join(", ")}, or start a local server that \`parley models discover\` finds`

const howToConfigure = `For a real model, ${realModel}.`

/**
 * The part of a setup that models need.
 *
 * @since 0.1.0
 * @category models
 */
export type ModelSetup = Pick<Setup, "providers" | "model" | "fallbacks" | "effort" | "limits"> & {
  readonly user: Pick<Setup["user"], "configFile">
  readonly config: Pick<Setup["config"], "prices" | "models">
}

/**
 * The models that the configuration gives access to. The demo model is always included. `using` replaces the HTTP client.
 *
 * @since 0.1.0
 * @category functions
 */
export const models = (
  setup: ModelSetup,
  using: (client: Http.HttpClient) => Http.HttpClient = (client) => client
): Layer.Layer<ModelsManager> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const client = using(yield* Http.Client)
      const http = { ...client, fetch: client.within(silence(setup.limits)) }
      const [Registry, Demo, providers] = yield* Effect.promise(() =>
        Promise.all([
          import("@parley/provider/Registry"),
          import("@parley/provider/Demo"),
          Providers.load(setup.providers, http)
        ])
      )
      const { config } = setup
      return Registry.layer({
        providers: [...providers, Demo.make({ howToConfigure })],
        unavailable: Providers.unavailable(setup.providers, setup.user.configFile),
        ...(setup.model === undefined ? {} : { preferred: setup.model }),
        fallbacks: setup.fallbacks,
        ...(setup.effort === undefined ? {} : { effort: setup.effort }),
        ...(config.prices === undefined ? {} : { prices: config.prices }),
        ...(config.models === undefined ? {} : { models: config.models })
      })
    })
  )

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
const toolsOfSessions = (setup: Setup) =>
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

const workspace = (setup: Setup, where: "stored" | "memory"): Layer.Layer<PromptManager> => {
  const { root, start } = setup.workspace
  const withheld = WithheldFiles.of(setup)
  const { limits } = setup
  const { instructionsFile } = setup.user
  const found = Files.layer({ root, start, instructionsFile, withheld, env: setup.env, wholeRepository: true })
  // A preview of a request (`memory`) shows the omitted files itself, so it needs no notices.
  const files = where === "memory" ? found : Layer.provide(FileNotices.layer, found)
  return Layer.mergeAll(
    Prompt.layer({ root, withheld }),
    files,
    EnvironmentInfo.layer({ root, start, env: setup.env }),
    DynamicContext.layer(SlotOptions.options(setup)),
    Layer.succeed(CompactionSettings, {
      auto: setup.config.compaction?.auto ?? true,
      model: setup.config.compaction?.model
    }),
    Layer.succeed(Fallbacks, setup.fallbacks),
    Layer.sync(Sampled, () => new Meter()),
    Layer.effect(ToolPolicy, ApprovalPolicy.make(setup)),
    Layer.effect(
      Limits,
      Effect.map(Limits, (defaults) => ({
        ...defaults,
        turns: limits.turns ?? defaults.turns,
        toolConcurrency: limits.toolConcurrency ?? defaults.toolConcurrency,
        retries: limits.retries ?? defaults.retries,
        firstChunkMillis: millis(limits.firstTokenSeconds) ?? defaults.firstChunkMillis,
        idleMillis: millis(limits.idleSeconds) ?? defaults.idleMillis,
        turnMillis: millis(limits.turnSeconds) ?? defaults.turnMillis,
        toolMillis: millis(limits.toolSeconds) ?? defaults.toolMillis,
        roundMillis: millis(limits.roundSeconds) ?? defaults.roundMillis,
        roundTokens: limits.roundTokens ?? defaults.roundTokens,
        roundCost: limits.roundCost ?? defaults.roundCost,
        sessionTokens: limits.sessionTokens ?? defaults.sessionTokens,
        sessionCost: limits.sessionCost ?? defaults.sessionCost,
        identicalCalls: limits.identicalCalls ?? defaults.identicalCalls
      }))
    )
  )
}

type Managers = SessionManager | ModelsManager | McpManager

/**
 * The whole engine, as the user configured it. The ports are read when the layer is built. With `memory`, sessions are kept
 * in memory only, for previews of what would be sent. `coordinator` may be one that records: see `EngineRecording`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E = never>(
  setup: Setup,
  where: "stored" | "memory" = "stored",
  coordinator: Layer.Layer<SessionCoordinator, E, Managers | PromptManager> = SessionCoordinator.layer
): Layer.Layer<SessionCoordinator | Managers, StorageError | E> =>
  coordinator.pipe(
    Layer.provideMerge([where === "stored" ? sessions(setup) : SessionManager.layerMemory, toolsOfSessions(setup)]),
    Layer.provideMerge([models(setup), workspace(setup, where), SharedBudget.layer(setup, where)])
  )

/**
 * What runs a recorded session with another model: stored sessions, models and budgets, without tools and a workspace.
 *
 * @since 0.1.0
 * @category functions
 */
export const comparing = (setup: Setup): Layer.Layer<SessionManager | ModelsManager, StorageError> =>
  Layer.mergeAll(
    sessions(setup),
    models(setup),
    SharedBudget.layer(setup, "stored"),
    Layer.succeed(Fallbacks, setup.fallbacks)
  )

/**
 * The stored sessions without any models or tools: for recovery, and for reading.
 *
 * @since 0.1.0
 * @category functions
 */
export const recovery = (
  setup: Setup,
  access: "write" | "read" = "write"
): Layer.Layer<SessionCoordinator, StorageError> =>
  SessionCoordinator.layer.pipe(
    Layer.provide([
      sessions(setup, access),
      ModelsManager.layerMemory,
      McpManager.layerMemory({}),
      PromptManager.layerMemory()
    ])
  )
