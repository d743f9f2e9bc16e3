import { ConfigError, WorkspaceError } from "@parley/domain/Errors"
import { quoted } from "@parley/domain/Ownership"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { UserDirectories } from "effect/persistence"
import * as Schema from "effect/Schema"
import * as AtomicWrite from "../disk/AtomicWrite.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import * as HostPath from "../disk/HostPath.ts"
import * as Owned from "../disk/Owned.ts"
import * as RootDirectory from "../disk/RootDirectory.ts"

/**
 * Environment variables, such as `process.env`. This package never reads them itself; callers pass them in.
 *
 * @since 0.1.0
 * @category models
 */
export type Env = Readonly<Record<string, string | undefined>>

/**
 * The paths of a user's own files and directories. None of them needs to exist.
 *
 * @since 0.1.0
 * @category models
 */
export interface UserLocations {
  readonly configFile: string
  /** `AGENTS.md` in the same directory as `configFile`: instructions for every workspace. */
  readonly instructionsFile: string
  readonly databaseFile: string
  /** Tool results that are too large to be sent to a model. */
  readonly resultsDirectory: string
  /** Keys of providers that `parley auth login` has stored, or where they are stored; next to the database. */
  readonly keysFile: string
  /** Logins to MCP servers, next to the database. */
  readonly mcpAuthDirectory: string
  /** Logs and other state that can be deleted without harm. */
  readonly stateDirectory: string
}

/**
 * The directory of the MCP servers' logs, with a file `NAME.log` for each server.
 *
 * @since 0.1.0
 * @category functions
 */
export const serverLogs = ({ stateDirectory }: UserLocations): string => SafeFile.join(stateDirectory, "mcp-logs")

/**
 * The log file of one server.
 *
 * @since 0.1.0
 * @category functions
 */
export const serverLog = (user: UserLocations, name: string): string => SafeFile.join(serverLogs(user), `${name}.log`)

/**
 * The directory through which the user's Parley processes send requests to each other.
 *
 * @since 0.1.0
 * @category functions
 */
export const requests = ({ stateDirectory }: UserLocations): string => SafeFile.join(stateDirectory, "requests")

/**
 * The directories that hold all of these files. They contain only files of Parley.
 *
 * @since 0.1.0
 * @category functions
 */
export const privateDirectories = (user: UserLocations): ReadonlyArray<string> => [
  SafeFile.dirname(user.configFile),
  SafeFile.dirname(user.databaseFile),
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
 * The user's locations: `$XDG_CONFIG_HOME/parley/config.json`, `$XDG_DATA_HOME/parley/parley.db` and
 * `$XDG_STATE_HOME/parley`. If a variable is unset, empty or relative, the system's default directory is used instead
 * (`~/.config`, `~/.local/share`, `~/.local/state`; on macOS `~/Library/Application Support`; on Windows `%APPDATA%` and
 * `%LOCALAPPDATA%`). Fails with a `ConfigError` if a default needs the home directory and none is known.
 *
 * @since 0.1.0
 * @category functions
 */
export const user = Effect.fn("Locations.user")(function* (options: {
  readonly env: Env
  /** A value of `process.platform`. Default: the platform of this machine. */
  readonly platform?: string | undefined
}) {
  const platform = options.platform ?? HostPath.platform
  const join = SafeFile.joinFor(platform)
  const home = platform === "win32" ? "USERPROFILE" : "HOME"
  // Relative values are ignored, for the home directory too: an empty `HOME` would otherwise mean the file system's root.
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
      keysFile: join(data, "keys.json"),
      mcpAuthDirectory: join(data, "mcp-auth"),
      stateDirectory: state
    })),
    Effect.mapError(
      () =>
        new ConfigError({
          path: `$${home}`,
          problem:
            "is not set to an absolute path, so Parley has no place for its files; set it, or all of " +
            "XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME"
        })
    )
  )
})

/**
 * The paths of a project's own files. Only the root needs to exist.
 *
 * @since 0.1.0
 * @category models
 */
export interface Workspace {
  /** A real path. */
  readonly root: string
  readonly directory: string
  readonly promptFile: string
  readonly contextFile: string
  readonly dynamicFile: string
  /** The directory in the workspace where the command was started, relative to the root and with `/`, if it is another one. */
  readonly start?: string
  /** A message for the user about how the workspace was chosen, for example that an untrusted project was not used. */
  readonly notice?: string
}

/**
 * The files of a project whose root directory is known.
 *
 * @since 0.1.0
 * @category functions
 */
export const project = (root: string): Workspace => {
  const directory = SafeFile.join(root, ".parley")
  return {
    root,
    directory,
    promptFile: SafeFile.join(directory, "prompt.json"),
    contextFile: SafeFile.join(directory, "context.json"),
    dynamicFile: SafeFile.join(directory, "dynamic.json")
  }
}

const problemWith = (path: string) => (error: { readonly problem: string }) =>
  new WorkspaceError({ path, problem: error.problem })

/** The workspace with the directory where the command was started, a real path, if that is in it. */
const startingIn = (workspace: Workspace, directory: string): Workspace =>
  SafeFile.isInside(workspace.root, directory) && directory !== workspace.root
    ? { ...workspace, start: SafeFile.relativeTo(workspace.root, directory) }
    : workspace

/**
 * The directory belongs to no project, and is used as a workspace only if the user names it explicitly.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoWorkspace extends Schema.TaggedError<NoWorkspace>()("NoWorkspace", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

/**
 * How the root directory of a project is searched for.
 *
 * @since 0.1.0
 * @category models
 */
export interface FindOptions {
  /** Whether the user named exactly this directory, as with `--workspace`. */
  readonly named?: boolean | undefined
  /** The absolute path of the directory where the command was started, if it is not the one that is searched. */
  readonly startedIn?: string | undefined
  /** The user's home directory. The home directory of the user's account is considered in addition. */
  readonly home?: string | undefined
}

const naming = (root: string): string => `\`--workspace ${quoted(root)}\``

const notImplied = (path: string, what: string) =>
  new NoWorkspace({
    path,
    problem: `is ${what}, so Parley does not use it as a workspace by default and reads no file in it. Change to a project directory, or name a directory: ${naming(path)} uses this one`
  })

const refused = (root: string, { command, path, problem }: RootDirectory.Distrusted) =>
  new WorkspaceError({
    path,
    problem: `${problem}. Parley therefore reads nothing there. If you trust its contents, ${naming(root)} uses it this once, and \`${command}\` permanently`
  })

/**
 * A directory that the user names is the workspace, no matter who owns it. It is refused if its `.parley` belongs to a third
 * user, who is neither the current user nor the directory's owner.
 */
const findNamed = Effect.fnUntraced(function* (real: string) {
  const planted = yield* Effect.mapError(RootDirectory.plantedIn(real), problemWith(real))
  if (planted === undefined) return project(real)
  const { command, path, problem } = planted
  return yield* new WorkspaceError({
    path,
    problem: `${problem}. Parley therefore does not read it. Remove it, or check its contents and then run \`${command}\``
  })
})

/**
 * The workspace that a directory belongs to: the nearest directory from it upwards that contains a directory `.parley` or a
 * `.git`, otherwise the directory itself.
 *
 * The workspace must not belong to another user or be writable by others (see `Ownership`). If a parent directory violates
 * this, `start` itself becomes the workspace and `notice` explains why; if `start` violates it, this fails with a
 * `WorkspaceError`. The home directory, its parents, and directories shared by all users fail with `NoWorkspace`, whatever
 * they contain.
 *
 * With `named`, the directory is always the workspace itself.
 *
 * @since 0.1.0
 * @category functions
 */
export const find = Effect.fn("Locations.find")(function* (
  start: string,
  options: FindOptions = {}
): Effect.fn.Return<Workspace, WorkspaceError | NoWorkspace> {
  const failing = problemWith(start)
  const real = yield* Effect.mapError(SafeFile.realpath(SafeFile.resolve(start)), failing)
  if ((yield* Effect.mapError(SafeFile.kind(real), failing)) !== "directory")
    return yield* failing({ problem: "is not a directory" })
  if (options.named === true) {
    const { startedIn } = options
    const started =
      startedIn === undefined ? real : yield* Effect.orElseSucceed(SafeFile.realpath(startedIn), () => real)
    return startingIn(yield* findNamed(real), started)
  }

  const isHomeOrAbove = yield* RootDirectory.homesAndAbove(options.home)
  if (yield* isHomeOrAbove(real)) return yield* notImplied(real, "your home directory or one above it")
  const own = yield* Effect.mapError(RootDirectory.distrusted([real]), failing)
  if (own?.shared === true) return yield* notImplied(real, "a directory that all users of this machine share")
  if (own !== undefined) return yield* refused(real, own)

  for (const candidate of RootDirectory.ancestors(real)) {
    if (yield* isHomeOrAbove(candidate)) break
    const marks = yield* RootDirectory.marksOf(candidate)
    if (marks.length === 0) continue
    const distrusted = yield* Effect.mapError(RootDirectory.distrusted([candidate, ...marks]), problemWith(candidate))
    if (distrusted === undefined) return startingIn(project(candidate), real)
    if (candidate === real) return yield* refused(real, distrusted)
    const { path, problem } = distrusted
    const notice = `${path}: ${problem}. Parley therefore does not read it; the workspace is only ${real}. ${naming(candidate)} uses the whole project`
    return { ...project(real), notice }
  }
  return project(real)
})

/**
 * A substitute where there is no workspace: an empty directory of Parley's own.
 *
 * @since 0.1.0
 * @category functions
 */
export const nowhere = Effect.fn("Locations.nowhere")(function* ({ stateDirectory }: UserLocations) {
  const root = SafeFile.join(stateDirectory, "no-workspace")
  // A directory that cannot be created is missing, which has the same effect as an empty one.
  yield* Effect.ignore(AtomicWrite.ensureDirectory(root))
  yield* Owned.below(stateDirectory, root)
  return project(root)
})
