import type { ConfigError } from "@parley/domain/Errors"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote } from "../json/Json.ts"
import * as JsonFile from "../json/JsonFile.ts"
import { check } from "./ServerConfigs.ts"
import { fileAt, UserConfig } from "./UserConfig.ts"

/**
 * A change to the user's servers that cannot be made. Nothing was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ServerError extends Schema.TaggedError<ServerError>()("ServerError", {
  problem: Schema.String,
  /** Set when the name is taken. */
  exists: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message(): string {
    return this.problem
  }
}

type Servers = { readonly [name: string]: McpServerConfig }

const key = "mcpServers"
const refuse = (problem: string) => Result.fail(new ServerError({ problem }))

/**
 * The server of that name. Looks at own properties only, since a server may be called `constructor`.
 *
 * @since 0.1.0
 * @category functions
 */
export const named = (servers: Servers, name: string): McpServerConfig | undefined =>
  Object.hasOwn(servers, name) ? servers[name] : undefined

/** Changes the configuration file. `changes` receives the current servers, which are valid for this edit. */
const editing = (
  configFile: string,
  changes: (servers: Servers) => Result.Result<ReadonlyArray<JsonFile.Change>, ServerError>
): Effect.Effect<void, ConfigError | ServerError> =>
  JsonFile.update(fileAt(configFile), UserConfig, ({ mcpServers = {} }) => changes(mcpServers))

const missing = (configFile: string, name: string) => refuse(`${configFile} has no server ${quote(name)}`)

/**
 * Adds a server; `server` is the JSON to write. Fails with a `ServerError` if it is invalid or its name is in use.
 *
 * @since 0.1.0
 * @category functions
 */
export const add = Effect.fn("UserServers.add")((configFile: string, name: string, server: Schema.Json) =>
  editing(configFile, (servers) => {
    const checked = check(name, server)
    if (Result.isFailure(checked)) return refuse(checked.failure)
    if (named(servers, name) !== undefined)
      return Result.fail(new ServerError({ problem: `${configFile} has a server ${name} already`, exists: true }))
    return Result.succeed([{ path: [key, name], value: server }])
  })
)

/**
 * Adds the servers whose names are not in use, all in one edit, and returns the names that were added. The caller makes sure
 * that each server is valid, as for `add`.
 *
 * @since 0.1.0
 * @category functions
 */
export const addMissing = Effect.fn("UserServers.addMissing")(function* (
  configFile: string,
  added: ReadonlyArray<{ readonly name: string; readonly server: Schema.Json }>
) {
  const names = new Set<string>()
  yield* editing(configFile, (servers) => {
    const free = added.filter(({ name }) => named(servers, name) === undefined)
    // This runs again if another process has changed the file meanwhile: only the last run counts.
    names.clear()
    for (const { name } of free) names.add(name)
    return Result.succeed(free.map(({ name, server }) => ({ path: [key, name], value: server })))
  })
  const taken: ReadonlySet<string> = names
  return taken
})

/**
 * Removes a server. Fails with a `ServerError` if there is none with this name.
 *
 * @since 0.1.0
 * @category functions
 */
export const remove = Effect.fn("UserServers.remove")((configFile: string, name: string) =>
  editing(configFile, (servers) =>
    named(servers, name) === undefined
      ? missing(configFile, name)
      : Result.succeed([{ path: [key, name], value: undefined }])
  )
)

/**
 * Enables or disables a server. The file is not written if the server has that state already.
 *
 * @since 0.1.0
 * @category functions
 */
export const setEnabled = Effect.fn("UserServers.setEnabled")((configFile: string, name: string, enabled: boolean) =>
  editing(configFile, (servers) => {
    const server = named(servers, name)
    if (server === undefined) return missing(configFile, name)
    if ((server.disabled !== true) === enabled) return Result.succeed([])
    return Result.succeed([{ path: [key, name, "disabled"], value: enabled ? undefined : true }])
  })
)
