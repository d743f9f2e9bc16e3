import type { ConfigError } from "@parley/domain/Errors"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote } from "./internal/Json.ts"
import * as JsonFile from "./JsonFile.ts"
import { check } from "./McpServers.ts"
import { fileAt, UserConfig } from "./UserConfig.ts"

/** A change to the user's servers that cannot be made. Nothing was changed. */
export class ServerError extends Schema.TaggedError<ServerError>()("ServerError", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

type Servers = { readonly [name: string]: McpServerConfig }

const key = "mcpServers"
const refuse = (problem: string) => Result.fail(new ServerError({ problem }))

/** The server of that name. One may be called `constructor`. */
export const named = (servers: Servers, name: string): McpServerConfig | undefined =>
  Object.hasOwn(servers, name) ? servers[name] : undefined

/** Changes the configuration file with what it holds at that moment, which no other edit of this process can change. */
const editing = (
  configFile: string,
  changes: (servers: Servers) => Result.Result<ReadonlyArray<JsonFile.Change>, ServerError>
): Effect.Effect<void, ConfigError | ServerError> =>
  JsonFile.update(fileAt(configFile), UserConfig, ({ mcpServers = {} }) => changes(mcpServers))

const missing = (configFile: string, name: string) => refuse(`${configFile} has no server ${quote(name)}`)

/** Adds a server, as it is to be written. One with its name must not be there. */
export const add = Effect.fn("UserServers.add")((configFile: string, name: string, server: Schema.Json) =>
  editing(configFile, (servers) => {
    const checked = check(name, server)
    if (Result.isFailure(checked)) return refuse(checked.failure)
    if (named(servers, name) !== undefined)
      return refuse(`${configFile} has a server ${name} already; \`parley mcp remove ${name}\` removes it`)
    return Result.succeed([{ path: [key, name], value: server }])
  })
)

/**
 * Adds those whose names are not taken, all in one edit, and says which these were. All must be such that `add` takes
 * them.
 */
export const addMissing = Effect.fn("UserServers.addMissing")(function* (
  configFile: string,
  added: ReadonlyArray<{ readonly name: string; readonly server: Schema.Json }>
) {
  const names = new Set<string>()
  yield* editing(configFile, (servers) => {
    const free = added.filter(({ name }) => named(servers, name) === undefined)
    // The file is looked at again when another process has changed it: only the last look counts.
    names.clear()
    for (const { name } of free) names.add(name)
    return Result.succeed(free.map(({ name, server }) => ({ path: [key, name], value: server })))
  })
  const taken: ReadonlySet<string> = names
  return taken
})

export const remove = Effect.fn("UserServers.remove")((configFile: string, name: string) =>
  editing(configFile, (servers) =>
    named(servers, name) === undefined
      ? missing(configFile, name)
      : Result.succeed([{ path: [key, name], value: undefined }])
  )
)

/** Switches a server on or off. The file of one that is so already is not touched. */
export const setEnabled = Effect.fn("UserServers.setEnabled")((configFile: string, name: string, enabled: boolean) =>
  editing(configFile, (servers) => {
    const server = named(servers, name)
    if (server === undefined) return missing(configFile, name)
    if ((server.disabled !== true) === enabled) return Result.succeed([])
    return Result.succeed([{ path: [key, name, "disabled"], value: enabled ? undefined : true }])
  })
)
