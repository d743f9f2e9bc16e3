import { isAbsolute, resolve } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import { type StdioServer, workspaceVariable } from "@parley/domain/McpServerConfig"
import { ServerDown } from "./ChildServer.ts"
import { neutral } from "./NeutralDirectory.ts"
import { plainLine } from "@parley/domain/VisibleText"

/** Whether a command is a path, as opposed to a program name that is searched for in PATH. */
export const isPath = (command: string): boolean =>
  command.includes("/") || (process.platform === "win32" && command.includes("\\"))

export const isWhole = isAbsolute

export const resolveIn = (directory: string, path: string): string => resolve(directory, path)

/** The directories that the configurations of servers refer to. */
export interface Places {
  readonly workspaceRoot: string | undefined
  readonly neutralDirectory: string | undefined
  /** Names of servers in whose configuration `${workspaceRoot}` is not replaced. */
  readonly literal: ReadonlyArray<string>
}

const down = (problem: string) => Effect.fail(new ServerDown({ problem }))

const directoryOf = (config: StdioServer, places: Places): Effect.Effect<string | undefined, ServerDown> => {
  const { command, cwd } = config
  const { workspaceRoot } = places
  if (cwd === "workspace") {
    return workspaceRoot === undefined ? down('"cwd" is "workspace", and there is none') : Effect.succeed(workspaceRoot)
  }
  if (cwd !== undefined) return Effect.succeed(workspaceRoot === undefined ? cwd : resolveIn(workspaceRoot, cwd))
  if (isPath(command) && !isWhole(command))
    return down(
      `the command ${plainLine(command)} is not a whole path, and no "cwd" says where it is: write the whole path, or a "cwd" ("workspace" for the workspace)`
    )
  return Effect.mapError(neutral(places.neutralDirectory), ({ message }) => new ServerDown({ problem: message }))
}

/**
 * The arguments, environment and working directory of a server's program. Without a `cwd` the working directory is an empty
 * directory of the user, so that no project decides what runs. The `cwd` `workspace` is the workspace, and a relative path
 * is resolved against it. `${workspaceRoot}` is replaced by the workspace's path in `args`, in values of `env` and in `cwd`.
 */
export const placeOf = Effect.fnUntraced(function* (name: string, config: StdioServer, places: Places) {
  const { args = [], env } = config
  if (places.literal.includes(name)) return { args, env, cwd: yield* directoryOf(config, places) }
  if (config.command.includes(workspaceVariable))
    return yield* down(
      `the command has ${workspaceVariable}, which is replaced in "args", "env" and "cwd" only: a program of a project is declared in its .parley/mcp.json`
    )
  const texts = [...args, ...Object.values(env ?? {}), config.cwd ?? ""]
  const root = places.workspaceRoot
  if (root === undefined) {
    if (texts.some((text) => text.includes(workspaceVariable)))
      return yield* down(`its configuration has ${workspaceVariable}, and there is no workspace`)
    return { args, env, cwd: yield* directoryOf(config, places) }
  }
  const replaced = (text: string): string => text.replaceAll(workspaceVariable, () => root)
  const { cwd } = config
  return {
    args: args.map(replaced),
    env: env && Object.fromEntries(Object.entries(env).map(([key, value]) => [key, replaced(value)])),
    cwd: yield* directoryOf(cwd === undefined ? config : { ...config, cwd: replaced(cwd) }, places)
  }
})
