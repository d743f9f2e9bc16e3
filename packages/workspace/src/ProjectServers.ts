import type { ConfigError } from "@parley/domain/Errors"
import { HttpServer, type McpServerConfig, StdioServer } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { digest } from "./internal/Digest.ts"
import * as Disk from "./internal/Disk.ts"
import * as JsonFile from "./JsonFile.ts"
import { project } from "./Locations.ts"
import { check } from "./McpServers.ts"

/**
 * All that a project may say of a server: how it is reached, and how long that may take. What it may do is for the user
 * to say, so every other key is an error.
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

/** `.parley/mcp.json`. */
export const ProjectFile = Schema.Struct({
  mcpServers: Schema.optionalKey(Schema.Record(Schema.String, ProjectServer))
})

/** A server that a project declares. It means nothing until the user trusts exactly this. */
export interface ProjectServer {
  readonly name: string
  /** SHA-256 of all that the file says of it: any other word makes another server. */
  readonly hash: string
  readonly config: McpServerConfig
}

const toJson = Schema.decodeUnknownSync(Schema.Json)

export const fileOf = (root: string): string => Disk.join(project(root).directory, "mcp.json")

/** Where a project's programs are started is within what its file says, and not wherever the command happens to be run. */
const placed = (root: string, config: McpServerConfig): McpServerConfig =>
  "url" in config ? config : { ...config, cwd: Disk.resolve(root, config.cwd ?? "") }

/**
 * The servers that a project declares now; without a file there are none. A file that says more than it may, or is wrong in
 * any other way, is an error as a whole: none of its servers is known then. Nothing in it is replaced or expanded.
 */
export const read = Effect.fn("ProjectServers.read")(function* (
  root: string
): Effect.fn.Return<ReadonlyArray<ProjectServer>, ConfigError> {
  const document = yield* JsonFile.read({ path: fileOf(root), within: root }, ProjectFile)
  if (Option.isNone(document)) return []
  const { errorAt, value } = document.value
  return yield* Effect.forEach(Object.entries(value.mcpServers ?? {}), ([name, server]) => {
    const said = toJson(server)
    return Effect.fromResult(
      Result.mapBoth(check(name, said), {
        onFailure: (problem) => errorAt(["mcpServers", name], problem),
        onSuccess: (config): ProjectServer => ({ name, hash: digest(said), config: placed(root, config) })
      })
    )
  })
})
