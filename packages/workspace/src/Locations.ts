import { ConfigError, WorkspaceError } from "@parley/domain/Errors"
import { quoted } from "@parley/domain/Ownership"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { UserDirectories } from "effect/persistence"
import * as Schema from "effect/Schema"
import * as Atomic from "./internal/Atomic.ts"
import * as Disk from "./internal/Disk.ts"
import * as Host from "./internal/Host.ts"
import * as Owned from "./internal/Owned.ts"
import * as Root from "./internal/Root.ts"

/** Environment variables, such as `process.env`. Nothing in this package reads them by itself. */
export type Env = Readonly<Record<string, string | undefined>>

/** Where a user's own files are. None of them need exist. */
export interface UserLocations {
  readonly configFile: string
  /** AGENTS.md beside it: instructions for every workspace. */
  readonly instructionsFile: string
  readonly databaseFile: string
  /** Results of tools that are too large to be shown to a model. */
  readonly resultsDirectory: string
  /** Logins to MCP servers, beside the database. */
  readonly mcpAuthDirectory: string
  /** Logs and other state that nobody misses. */
  readonly stateDirectory: string
}

/** Where what MCP servers say is kept, a file `NAME.log` for each. */
export const serverLogs = ({ stateDirectory }: UserLocations): string => Disk.join(stateDirectory, "mcp-logs")

export const serverLog = (user: UserLocations, name: string): string => Disk.join(serverLogs(user), `${name}.log`)

/** Where the user's running processes are asked something by others of theirs. */
export const requests = ({ stateDirectory }: UserLocations): string => Disk.join(stateDirectory, "requests")

/** The directories that hold all of these, and nothing of anybody else. */
export const privateDirectories = (user: UserLocations): ReadonlyArray<string> => [
  Disk.dirname(user.configFile),
  Disk.dirname(user.databaseFile),
  user.resultsDirectory,
  user.mcpAuthDirectory,
  user.stateDirectory
]

const variables = [
  "HOME",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME"
]

const isAbsolute = (platform: string, path: string): boolean =>
  platform === "win32" ? /^([A-Za-z]:)?[\\/]/.test(path) : path.startsWith("/")

/**
 * `$XDG_CONFIG_HOME/parley/config.json`, `$XDG_DATA_HOME/parley/parley.db` and `$XDG_STATE_HOME/parley`; where a variable
 * is unset, empty or relative, the system's own place instead (`~/.config`, `~/.local/share`, `~/.local/state`; on macOS
 * `~/Library/Application Support`; on Windows `%APPDATA%` and `%LOCALAPPDATA%`). It is an error if that needs a home
 * directory and none is known.
 */
export const user = Effect.fn("Locations.user")(function* (options: {
  readonly env: Env
  /** As `process.platform` has it; this machine's when not stated. */
  readonly platform?: string | undefined
}) {
  const platform = options.platform ?? Host.platform
  const join = Disk.joinFor(platform)
  const home = platform === "win32" ? "USERPROFILE" : "HOME"
  // Only absolute paths count, for the home directory too: `HOME=` would otherwise mean the root of the file system.
  const known = variables.flatMap((name) => {
    const value = options.env[name]
    return value !== undefined && isAbsolute(platform, value) ? [[name, value] as const] : []
  })
  const directories = UserDirectories.make({ platform })
  return yield* Effect.all([
    directories.config("parley"),
    directories.data("parley"),
    directories.state("parley")
  ]).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: Object.fromEntries(known) })),
    Effect.map(([config, data, state]): UserLocations => ({
      configFile: join(config, "config.json"),
      instructionsFile: join(config, "AGENTS.md"),
      databaseFile: join(data, "parley.db"),
      resultsDirectory: join(data, "results"),
      mcpAuthDirectory: join(data, "mcp-auth"),
      stateDirectory: state
    })),
    Effect.mapError(
      () =>
        new ConfigError({
          path: `$${home}`,
          problem:
            "is not set to an absolute path, so there is no place for Parley's files; set it, or all of " +
            "XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME"
        })
    )
  )
})

/** Where a project's own files are. None but the root need exist. */
export interface Workspace {
  /** A real path. */
  readonly root: string
  readonly directory: string
  readonly promptFile: string
  readonly contextFile: string
  readonly dynamicFile: string
  /** What a person should know of how it was found. */
  readonly notice?: string
}

export const project = (root: string): Workspace => {
  const directory = Disk.join(root, ".parley")
  return {
    root,
    directory,
    promptFile: Disk.join(directory, "prompt.json"),
    contextFile: Disk.join(directory, "context.json"),
    dynamicFile: Disk.join(directory, "dynamic.json")
  }
}

const problemWith = (path: string) => (error: { readonly problem: string }) =>
  new WorkspaceError({ path, problem: error.problem })

/** The directory is in no project, and is none that may be taken for one unless the user says so. */
export class NoWorkspace extends Schema.TaggedError<NoWorkspace>()("NoWorkspace", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

export interface FindOptions {
  /** The user has named this very directory. */
  readonly named?: boolean | undefined
  /** The user's home directory; the account's counts as well. */
  readonly home?: string | undefined
}

const naming = (root: string): string => `\`--workspace ${quoted(root)}\``

const notImplied = (path: string, what: string) =>
  new NoWorkspace({
    path,
    problem: `is ${what}, so it is not the workspace by itself, and no file of it is read. Change to a project, or name a directory: ${naming(path)} takes this one`
  })

const refused = (root: string, { command, path, problem }: Root.Distrusted) =>
  new WorkspaceError({
    path,
    problem: `${problem}. So nothing there is read. If you trust what it holds, ${naming(root)} takes it for this time, and \`${command}\` for good`
  })

/** A directory that is named is the workspace, whoever owns it. What a third user has put into it does not count for that. */
const findNamed = Effect.fnUntraced(function* (real: string) {
  const planted = yield* Effect.mapError(Root.plantedIn(real), problemWith(real))
  if (planted === undefined) return project(real)
  const { command, path, problem } = planted
  return yield* new WorkspaceError({
    path,
    problem: `${problem}. So it is not read: remove it, or run \`${command}\` when you have seen that it should be`
  })
})

/**
 * The workspace that a directory belongs to: the nearest directory from it upwards that holds a directory `.parley` or a
 * `.git`, else the directory itself.
 *
 * Neither may be another user's, nor be such that others can write to it, by the rule of `Ownership`: where a project above
 * is, the directory stands for itself, and `notice` says why; where the directory is, that is a `WorkspaceError`. The home
 * directory, what it is in, and directories that everybody shares are `NoWorkspace`, whatever they hold.
 *
 * A directory that is `named` is the workspace itself.
 */
export const find = Effect.fn("Locations.find")(function* (
  start: string,
  options: FindOptions = {}
): Effect.fn.Return<Workspace, WorkspaceError | NoWorkspace> {
  const failing = problemWith(start)
  const real = yield* Effect.mapError(Disk.realpath(Disk.resolve(start)), failing)
  if ((yield* Effect.mapError(Disk.kind(real), failing)) !== "directory")
    return yield* failing({ problem: "is not a directory" })
  if (options.named === true) return yield* findNamed(real)

  const isHomeOrAbove = yield* Root.homesAndAbove(options.home)
  if (yield* isHomeOrAbove(real)) return yield* notImplied(real, "your home directory or one above it")
  const own = yield* Effect.mapError(Root.distrusted([real]), failing)
  if (own?.shared === true) return yield* notImplied(real, "a directory that all users of this machine share")
  if (own !== undefined) return yield* refused(real, own)

  for (const candidate of Root.ancestors(real)) {
    if (yield* isHomeOrAbove(candidate)) break
    const marks = yield* Root.marksOf(candidate)
    if (marks.length === 0) continue
    const distrusted = yield* Effect.mapError(Root.distrusted([candidate, ...marks]), problemWith(candidate))
    if (distrusted === undefined) return project(candidate)
    if (candidate === real) return yield* refused(real, distrusted)
    const { path, problem } = distrusted
    const notice = `${path}: ${problem}. So it is not read, and the workspace is ${real} alone; ${naming(candidate)} takes all of it`
    return { ...project(real), notice }
  }
  return project(real)
})

/** What stands for the workspace where there is none: a directory of Parley's own that holds nothing. */
export const nowhere = Effect.fn("Locations.nowhere")(function* ({ stateDirectory }: UserLocations) {
  const root = Disk.join(stateDirectory, "no-workspace")
  // Where it cannot be made it is missing, and as empty.
  yield* Effect.ignore(Atomic.ensureDirectory(root))
  yield* Owned.below(stateDirectory, root)
  return project(root)
})
