import * as Schema from "effect/Schema"

const common = {
  /** Milliseconds that a call may take. Default: 120 000. */
  timeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Milliseconds that a call may take in total while the server reports progress. Default: ten times `timeoutMillis`. */
  maxTimeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /**
   * Milliseconds within which the server must become ready. Default: 10 000, or 60 000 if the command is `npx`, `uvx`,
   * `docker run` or similar, which may have to download the server first.
   */
  startTimeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  disabled: Schema.optionalKey(Schema.Boolean),
  /**
   * `auto` first checks whether the server supports the 2026 version of the protocol, and otherwise initialises it as
   * earlier versions require; `legacy` skips the check. Default: `auto` for streamable HTTP, `legacy` for child
   * processes, because a program that does not know the check may not respond to it and would delay the start until a
   * timeout.
   */
  protocol: Schema.optionalKey(Schema.Literals(["auto", "legacy"])),
  /**
   * Tools that change nothing, by the server's own names. A lost call to such a tool is sent once more, and the command
   * line runs it without approval. Only the user can mark a tool as read-only; annotations from the server are ignored.
   */
  readOnlyTools: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  /**
   * Tools for which two calls have the same effect as one, by the server's own names. They may use the idempotency key in
   * `_meta` to achieve this. A lost call is sent once more. Annotations from the server are ignored here as well.
   */
  idempotentTools: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  /** Tools whose calls providers are asked to hold to the tool's schema, by the server's own names. See `ToolDefinition`. */
  strictTools: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  /** Whether the server may use sampling, that is, request model responses at the user's expense. Default: `deny`. */
  sampling: Schema.optionalKey(Schema.Literals(["deny", "ask", "allow"])),
  /** Directories that the server receives as MCP roots. Relative paths are resolved against the workspace. Default: none. */
  roots: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  /** The minimum level of the server's log messages. Default: `warning`. */
  logLevel: Schema.optionalKey(
    Schema.Literals(["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"])
  ),
  /**
   * `changes` (the default) blocks tools whose definitions differ from those that the user accepted, until the user
   * accepts the new ones. `off` uses tools as the server offers them.
   */
  pinning: Schema.optionalKey(Schema.Literals(["changes", "off"]))
}

/**
 * Placeholder for the path of the workspace. It is replaced in `args`, the values of `env`, and `cwd` of servers in the
 * user's own configuration.
 *
 * @since 0.1.0
 * @category constants
 */
export const workspaceVariable = "${workspaceRoot}"

/**
 * A server that Parley starts as a child process and communicates with over standard input and output.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StdioServer = Schema.Struct({
  ...common,
  command: Schema.NonEmptyString,
  args: Schema.Array(Schema.String).pipe(Schema.optionalKey),
  /**
   * Environment variables for the child process, in addition to those of Parley's own environment that are on the
   * allow-list. No other variables are passed on.
   */
  env: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  /**
   * Working directory of the child process: a path, resolved against the workspace if relative, or `workspace` for the
   * workspace itself. Default: an empty directory that belongs to the user, so that files of a project cannot influence
   * which program runs.
   */
  cwd: Schema.optionalKey(Schema.String)
})
export type StdioServer = typeof StdioServer.Type

/**
 * Settings for a server that requires a login with OAuth. All are optional, because most servers announce what they need.
 *
 * @since 0.1.0
 * @category schemas
 */
export const OAuthConfig = Schema.Struct({
  /** The id of a client that was registered manually. Without it, Parley registers itself. */
  clientId: Schema.optionalKey(Schema.NonEmptyString),
  clientSecret: Schema.optionalKey(Schema.NonEmptyString),
  /** Scopes to request, separated by spaces, instead of those that the server names. */
  scope: Schema.optionalKey(Schema.NonEmptyString),
  /** The https URL of a client metadata document, which servers that support it accept instead of a registration. */
  clientMetadataUrl: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^https:\/\/[^/\s]+\/\S+$/, { expected: "an https:// address with a path" }))
  ),
  /** The port on 127.0.0.1 for the redirect URI, if the client was registered with a fixed one. Default: any free port. */
  redirectPort: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }, { expected: "a port, from 1 to 65535" }))
  )
})
export type OAuthConfig = typeof OAuthConfig.Type

/**
 * A server that is reached over HTTP.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HttpServer = Schema.Struct({
  ...common,
  /**
   * `http` is streamable HTTP; `sse` is the older HTTP+SSE transport of 2024. Default: streamable HTTP, and SSE if the
   * server does not support it.
   */
  transport: Schema.optionalKey(Schema.Literals(["http", "sse"])),
  url: Schema.String.check(Schema.isPattern(/^https?:\/\/\S+$/)),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  oauth: Schema.optionalKey(OAuthConfig)
})
export type HttpServer = typeof HttpServer.Type

/**
 * How an MCP server is started or reached.
 *
 * @since 0.1.0
 * @category schemas
 */
export const McpServerConfig = Schema.Union([StdioServer, HttpServer])
export type McpServerConfig = typeof McpServerConfig.Type

/**
 * A server's name. Restricted because it is part of the names of the server's tools.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ServerName = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/))
