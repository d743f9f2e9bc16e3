import { ConfigError, WorkspaceError } from "@parley/domain/Errors"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { UserDirectories } from "effect/persistence"
import * as Disk from "./internal/Disk.ts"
import * as Host from "./internal/Host.ts"

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

const ancestors = (path: string): ReadonlyArray<string> => {
  const parent = Disk.dirname(path)
  return parent === path ? [path] : [path, ...ancestors(parent)]
}

const problemWith = (path: string) => (error: { readonly problem: string }) =>
  new WorkspaceError({ path, problem: error.problem })

/** What cannot be looked at is not there: a parent that is closed to us must not keep us out of our own directory. */
const kindOf = (path: string) => Effect.orElseSucceed(Disk.kind(path), () => "none" as const)

/**
 * The workspace that a directory belongs to: the nearest directory from it upwards that holds a directory `.parley`; if
 * there is none, the nearest that holds a `.git` (a directory, or the file of a worktree); else the directory itself.
 */
export const find = Effect.fn("Locations.find")(function* (start: string) {
  const real = yield* Effect.mapError(Disk.realpath(Disk.resolve(start)), problemWith(start))
  if ((yield* kindOf(real)) !== "directory") return yield* problemWith(start)({ problem: "is not a directory" })
  const candidates = ancestors(real)
  for (const candidate of candidates) {
    if ((yield* kindOf(Disk.join(candidate, ".parley"))) === "directory") return project(candidate)
  }
  for (const candidate of candidates) {
    const kind = yield* kindOf(Disk.join(candidate, ".git"))
    if (kind === "directory" || kind === "file") return project(candidate)
  }
  return project(real)
})
