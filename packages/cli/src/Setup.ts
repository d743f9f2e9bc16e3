import * as ModelRef from "@parley/domain/ModelRef"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { WorkspaceError } from "@parley/domain/Errors"
import * as Locations from "@parley/workspace/Locations"
import * as ServerPlaces from "@parley/workspace/ServerPlaces"
import * as Trust from "@parley/workspace/Trust"
import * as UserConfig from "@parley/workspace/UserConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "./ExitCode.ts"
import * as Host from "./internal/Host.ts"

/** What a command starts from: where things are and what the user configured. */
export interface Setup {
  readonly workspace: Locations.Workspace
  /** Why there is none: then an empty directory stands for it. */
  readonly noWorkspace: Locations.NoWorkspace | undefined
  readonly user: Locations.UserLocations
  readonly config: UserConfig.UserConfig
  readonly warnings: ReadonlyArray<string>
  /** The MCP servers that count: the user's, and those of the project that the user trusts. */
  readonly servers: { readonly [name: string]: McpServerConfig }
  /** All that the project declares, and how each of it stands. */
  readonly project: Trust.Standings
  /** Named on the command line or in the configuration. */
  readonly model: ModelRef.ModelRef | undefined
  /** Patterns of tools that the command line allows. */
  readonly allow: ReadonlyArray<string>
  /** From the command line, then from the configuration. */
  readonly limits: NonNullable<UserConfig.UserConfig["limits"]>
}

/** Who declares the server of that name here. */
export const ownerOf = ({ project, workspace }: Setup, name: string): ServerPlaces.Owner =>
  ServerPlaces.ownerOf(workspace.root, project, name)

const parseModel = (text: string) =>
  Effect.mapError(
    Effect.fromOption(ModelRef.parse(text)),
    () =>
      new UsageError({
        problem: `--model ${text}: write it as PROVIDER/MODEL, such as demo/demo; see \`parley models\``
      })
  )

export interface Flags {
  readonly workspace: Option.Option<string>
  /** Of commands that use a model. */
  readonly model?: Option.Option<string>
  /** The project's MCP servers are trusted as they are now, and for this run alone. */
  readonly trust?: boolean
}

export interface AllowFlags {
  readonly allow: ReadonlyArray<string>
}

export interface LimitFlags {
  readonly maxTurns: Option.Option<number>
  readonly maxSeconds: Option.Option<number>
  readonly maxTokens: Option.Option<number>
  readonly maxCost: Option.Option<number>
}

const limit = (name: keyof Setup["limits"], flag: Option.Option<number> = Option.none()) =>
  Option.match(flag, { onNone: () => ({}), onSome: (value) => ({ [name]: value }) })

/** The workspace, or why there is none. In the home directory a message can be sent all the same, and nothing there is read. */
const placed = Effect.fnUntraced(function* (flags: Flags, user: Locations.UserLocations) {
  const start = flags.workspace.pipe(Option.getOrUndefined, Host.place)
  if (start === undefined)
    return yield* new WorkspaceError({
      path: Host.env["PWD"] ?? ".",
      problem:
        "the current directory is gone; change to one that is there, or name the workspace with --workspace and its whole path"
    })
  const found = Locations.find(start, {
    named: Option.isSome(flags.workspace),
    home: Host.env["HOME"] ?? Host.env["USERPROFILE"]
  })
  return yield* Effect.map(found, (workspace) => ({ workspace, noWorkspace: undefined })).pipe(
    Effect.catchTag("NoWorkspace", (noWorkspace) =>
      Effect.map(Locations.nowhere(user), (workspace) => ({ workspace, noWorkspace }))
    )
  )
})

export const load = Effect.fn("Setup.load")(function* (flags: Flags & Partial<LimitFlags & AllowFlags>) {
  const env = Host.env
  const user = yield* Locations.user({ env })
  const { noWorkspace, workspace } = yield* placed(flags, user)
  const loaded = yield* UserConfig.load(user.configFile)
  const config = yield* Effect.fromResult(UserConfig.withEnvironment(loaded.config, env))
  const users = config.mcpServers ?? {}
  const found = yield* Trust.standings({ user, workspace }, users)
  // Whoever says that they are trusted means them to run.
  if (flags.trust === true && found.problem !== undefined) return yield* found.problem
  const project = flags.trust === true ? Trust.trusting(found) : found
  const notices = [noWorkspace?.message, workspace.notice, Trust.notice(workspace.root, project)]
  const named = flags.model === undefined ? undefined : Option.getOrUndefined(flags.model)
  const model = named === undefined ? undefined : yield* parseModel(named)
  const setup: Setup = {
    workspace,
    noWorkspace,
    user,
    config,
    warnings: [...loaded.warnings, ...notices.filter((notice) => notice !== undefined)],
    servers: Trust.counting(users, project),
    project,
    model: model ?? config.model,
    allow: flags.allow ?? [],
    limits: {
      ...config.limits,
      ...limit("turns", flags.maxTurns),
      ...limit("roundSeconds", flags.maxSeconds),
      ...limit("roundTokens", flags.maxTokens),
      ...limit("roundCost", flags.maxCost)
    }
  }
  return setup
})
