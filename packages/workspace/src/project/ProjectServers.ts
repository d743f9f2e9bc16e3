import type { ConfigError } from "@parley/domain/Errors"
import { HttpServer, type McpServerConfig, StdioServer } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { digest } from "../disk/FileHash.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import * as JsonFile from "../json/JsonFile.ts"
import { project } from "../config/Locations.ts"
import { check } from "../config/ServerConfigs.ts"

/**
 * The keys that a project may set for a server: how it is started or reached, and timeouts. What a server may do is for the
 * user to decide, so every other key is an error.
 */
const ProjectServer = Schema.Struct({
  command: Schema.optionalKey(Schema.String),
  args: StdioServer.fields.args,
  env: StdioServer.fields.env,
  cwd: StdioServer.fields.cwd,
  url: Schema.optionalKey(Schema.String),
  headers: HttpServer.fields.headers,
  timeoutMillis: StdioServer.fields.timeoutMillis,
  startTimeoutMillis: StdioServer.fields.startTimeoutMillis
})

/**
 * The content of `.parley/mcp.json`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ProjectFile = Schema.Struct({
  mcpServers: Schema.optionalKey(Schema.Record(Schema.String, ProjectServer))
})

/**
 * A server that a project declares. It has no effect until the user trusts exactly this declaration.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProjectServer {
  readonly name: string
  /** SHA-256 of the server's whole declaration: any change makes it a different server that has to be trusted again. */
  readonly hash: string
  readonly config: McpServerConfig
}

const toJson = Schema.decodeUnknownSync(Schema.Json)

/**
 * The path of the file in which a project declares its servers.
 *
 * @since 0.1.0
 * @category functions
 */
export const fileOf = (root: string): string => SafeFile.join(project(root).directory, "mcp.json")

/** Resolves `cwd` against the project's root, so that it does not depend on the directory in which Parley is started. */
const placed = (root: string, config: McpServerConfig): McpServerConfig =>
  "url" in config ? config : { ...config, cwd: SafeFile.resolve(root, config.cwd ?? "") }

/**
 * The servers that a project declares now; empty if there is no file. Fails with a `ConfigError` if the file has unknown
 * keys or any other problem; then none of its servers is used. Variables in it are not expanded.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fn("ProjectServers.read")(function* (
  root: string
): Effect.fn.Return<ReadonlyArray<ProjectServer>, ConfigError> {
  const document = yield* JsonFile.read({ path: fileOf(root), within: root }, ProjectFile)
  if (Option.isNone(document)) return []
  const { errorAt, value } = document.value
  return yield* Effect.forEach(Object.entries(value.mcpServers ?? {}), ([name, server]) => {
    const declared = toJson(server)
    return Effect.fromResult(
      Result.mapBoth(check(name, declared), {
        onFailure: (problem) => errorAt(["mcpServers", name], problem),
        onSuccess: (config): ProjectServer => ({ name, hash: digest(declared), config: placed(root, config) })
      })
    )
  })
})
