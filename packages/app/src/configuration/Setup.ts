import type { Effort } from "@parley/domain/Effort"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ModelRef } from "@parley/domain/ModelRef"
import * as Providers from "@parley/provider/Providers"
import * as Locations from "@parley/workspace/Locations"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as Trust from "@parley/workspace/Trust"
import * as UserConfig from "@parley/workspace/UserConfig"
import * as ProviderKeys from "../keys/ProviderKeys.ts"
import * as Effect from "effect/Effect"

/**
 * Everything needed to build the engine: locations, and the configuration of the user and the project.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setup {
  readonly workspace: Locations.Workspace
  /** Why there is no workspace, if so. `workspace` is then an empty directory. */
  readonly noWorkspace: Locations.NoWorkspace | undefined
  readonly user: Locations.UserLocations
  /** The environment variables that `load` was called with. */
  readonly env: LoadOptions["env"]
  readonly config: UserConfig.UserConfig
  /** The providers of models: those of the user's configuration, and those that need none. */
  readonly providers: ReadonlyArray<Providers.ConfiguredProvider>
  readonly warnings: ReadonlyArray<string>
  /** The MCP servers in effect: the user's, and those of the project that the user trusts. */
  readonly servers: { readonly [name: string]: McpServerConfig }
  /** Every server that the project declares, with its trust status. */
  readonly project: Trust.Standings
  /** From the options if given there, otherwise from the configuration. */
  readonly model: ModelRef | undefined
  /** The models to ask if `model` is not available, from the same place as `model`. */
  readonly fallbacks: ReadonlyArray<ModelRef>
  /** How much the model is asked to think, if the options say so. */
  readonly effort: Effort | undefined
  /** Patterns of tools that the options allow. */
  readonly allow: ReadonlyArray<string>
  /** Each limit comes from the options if given there, otherwise from the configuration. */
  readonly limits: NonNullable<UserConfig.UserConfig["limits"]>
}

/**
 * What `load` needs to find and read the configuration.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoadOptions {
  /** Environment variables. They set directories, API keys of providers, and the model. */
  readonly env: { readonly [name: string]: string | undefined }
  /** Absolute path of the directory from which the enclosing project, the workspace, is searched. */
  readonly directory: string
  /** Absolute path of the directory where the command was started. Default: `directory`. Paths of the user are relative to it. */
  readonly startedIn?: string | undefined
  /** Use the directory itself as the workspace instead of searching for an enclosing project. */
  readonly isExact?: boolean
  readonly model?: ModelRef | undefined
  /** The models to ask if `model` is not available. With `model`, those of the configuration are not used. */
  readonly fallbacks?: ReadonlyArray<ModelRef> | undefined
  /** How much the model is asked to think. It takes precedence over the configuration. */
  readonly effort?: Effort | undefined
  /** Trust the project's MCP servers as they are declared now. */
  readonly trustsProject?: boolean
  /** Patterns of tools that may run without approval. */
  readonly allow?: ReadonlyArray<string>
  /** Limits that take precedence over those of the configuration. */
  readonly limits?: Setup["limits"]
}

/**
 * Who declares the server with this name: the user, or the project.
 *
 * @since 0.1.0
 * @category functions
 */
export const ownerOf = ({ project, workspace }: Setup, name: string): ServerPlaces.Owner =>
  ServerPlaces.ownerOf(workspace.root, project, name)

/** The workspace, or why there is none. In the home directory a message can still be sent, but no file there is read. */
const placed = ({ directory, env, isExact = false, startedIn }: LoadOptions, user: Locations.UserLocations) =>
  Locations.find(directory, { named: isExact, startedIn, home: env["HOME"] ?? env["USERPROFILE"] }).pipe(
    Effect.map((workspace) => ({ workspace, noWorkspace: undefined })),
    Effect.catchTag("NoWorkspace", (noWorkspace) =>
      Effect.map(Locations.nowhere(user), (workspace) => ({ workspace, noWorkspace }))
    )
  )

/** The preferred model and its fallback models: those of the options, or else those of the configuration. */
const modelsOf = ({ fallbacks, model }: LoadOptions, config: UserConfig.UserConfig) => {
  const configured = config.model === undefined ? [] : "provider" in config.model ? [config.model] : config.model
  const [first, ...others] = model === undefined ? configured : [model, ...(fallbacks ?? [])]
  return { model: first, fallbacks: others }
}

/**
 * Reads the configuration of the user and the project. Servers of the project are used only if the user trusts them.
 *
 * @since 0.1.0
 * @category functions
 */
export const load = Effect.fn("Setup.load")(function* (options: LoadOptions) {
  const { allow = [], env, limits, trustsProject = false } = options
  const user = yield* Locations.user({ env })
  const { noWorkspace, workspace } = yield* placed(options, user)
  const loaded = yield* UserConfig.load(user.configFile)
  const { config } = loaded
  const providers = yield* Providers.configure(loaded.providers, env, yield* ProviderKeys.load(user))
  const users = config.mcpServers ?? {}
  const found = yield* Trust.standings({ user, workspace }, users)
  // With `trustsProject` the user expects the project's servers to run, so failing to read them is an error, not a warning.
  if (trustsProject && found.problem !== undefined) return yield* found.problem
  const project = trustsProject ? Trust.trusting(found) : found
  const untrusted = Trust.notice(workspace.root, project)
  const notices = [
    noWorkspace?.message,
    workspace.notice,
    untrusted === undefined ? undefined : `${untrusted}; \`parley mcp trust\` shows what they would run`
  ]
  const setup: Setup = {
    workspace,
    noWorkspace,
    user,
    env,
    config,
    providers,
    warnings: [...loaded.warnings, ...notices.filter((notice) => notice !== undefined)],
    servers: Trust.counting(users, project),
    project,
    ...modelsOf(options, config),
    effort: options.effort,
    allow,
    limits: { ...config.limits, ...limits }
  }
  return setup
})
