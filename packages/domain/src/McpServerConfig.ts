import * as Schema from "effect/Schema"

const common = {
  /** Milliseconds a call may take; 120 000 when not stated. */
  timeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Milliseconds a call may take in all while the server reports progress; ten times `timeoutMillis` when not stated. */
  maxTimeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /**
   * Milliseconds the server has to become ready. When not stated 10 000, and 60 000 for one that `npx`, `uvx`, `docker run` or
   * the like starts, which may have to download it first.
   */
  startTimeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  disabled: Schema.optionalKey(Schema.Boolean),
  /**
   * `auto` asks a server whether it speaks the protocol of 2026 before it is greeted in the way of those before; `legacy` does not
   * ask. Servers over streamable HTTP are asked when this is not stated, programs are not: a program that does not know the
   * question may not answer it, and would be waited for.
   */
  protocol: Schema.optionalKey(Schema.Literals(["auto", "legacy"])),
  /**
   * Tools, by the server's own names for them, that change nothing. A call to one that was lost is sent once more, and
   * the command does not ask before it runs one. Only this says so: what a server says about its tools is not believed.
   */
  readOnlyTools: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  /** Tools that have the same effect once or twice, which the idempotency key in `_meta` helps them with; as above. */
  idempotentTools: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  /** Whether the server may have a model asked, at the user's expense: never unless this says so. */
  sampling: Schema.optionalKey(Schema.Literals(["deny", "ask", "allow"])),
  /** Directories that the server is told are the user's; it is told of none when absent. Relative ones are in the workspace. */
  roots: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  /** From which level on the server's log messages are wanted; "warning" when not stated. */
  logLevel: Schema.optionalKey(
    Schema.Literals(["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"])
  ),
  /**
   * Whether tools that differ from what they were when the server was first seen are blocked until the user accepts them:
   * `changes`, which it is when not stated, or `off`.
   */
  pinning: Schema.optionalKey(Schema.Literals(["changes", "off"]))
}

/** Stands for the path of the workspace in the `args`, the values of `env` and the `cwd` of a user's own server. */
export const workspaceVariable = "${workspaceRoot}"

/** A server that Parley starts as a child process and speaks to over its standard input and output. */
export const StdioServer = Schema.Struct({
  ...common,
  command: Schema.NonEmptyString,
  args: Schema.Array(Schema.String).pipe(Schema.optionalKey),
  /** Added to the allow-listed part of Parley's own environment; nothing else reaches the child. */
  env: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  /**
   * Where the program is started: a path, seen from the workspace when it is relative, or `workspace` for the workspace
   * itself. Without it, it is an empty directory of the user's own: what a project holds must not decide what runs.
   */
  cwd: Schema.optionalKey(Schema.String)
})
export type StdioServer = typeof StdioServer.Type

/** How Parley logs in to a server that asks for it with OAuth. All of it is optional: most servers say it themselves. */
export const OAuthConfig = Schema.Struct({
  /** The client that was registered for Parley by hand; without it Parley registers itself. */
  clientId: Schema.optionalKey(Schema.NonEmptyString),
  clientSecret: Schema.optionalKey(Schema.NonEmptyString),
  /** Scopes to ask for, separated by spaces, in place of those that the server names. */
  scope: Schema.optionalKey(Schema.NonEmptyString),
  /** An https address of a client metadata document, which servers that support it take in place of a registration. */
  clientMetadataUrl: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^https:\/\/[^/\s]+\/\S+$/, { expected: "an https:// address with a path" }))
  ),
  /** The port of 127.0.0.1 that the browser comes back to, where it was registered; any free one when not stated. */
  redirectPort: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 }, { expected: "a port, from 1 to 65535" }))
  )
})
export type OAuthConfig = typeof OAuthConfig.Type

/** A server that is reached over HTTP. */
export const HttpServer = Schema.Struct({
  ...common,
  /**
   * `http` is streamable HTTP, `sse` what servers up to 2024 spoke. Without it streamable HTTP is tried, and the other when the
   * server does not know that.
   */
  transport: Schema.optionalKey(Schema.Literals(["http", "sse"])),
  url: Schema.String.check(Schema.isPattern(/^https?:\/\/\S+$/)),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  oauth: Schema.optionalKey(OAuthConfig)
})
export type HttpServer = typeof HttpServer.Type

export const McpServerConfig = Schema.Union([StdioServer, HttpServer])
export type McpServerConfig = typeof McpServerConfig.Type

/** Server names are part of tool names. */
export const ServerName = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/))
