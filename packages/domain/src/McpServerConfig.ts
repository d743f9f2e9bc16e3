import * as Schema from "effect/Schema"

const common = {
  /** Milliseconds a call may take; 120 000 when not stated. */
  timeoutMillis: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Milliseconds the server has to become ready; 10 000 when not stated. */
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
  idempotentTools: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey)
}

/** A server that Parley starts as a child process and speaks to over its standard input and output. */
export const StdioServer = Schema.Struct({
  ...common,
  command: Schema.NonEmptyString,
  args: Schema.Array(Schema.String).pipe(Schema.optionalKey),
  /** Added to the allow-listed part of Parley's own environment; nothing else reaches the child. */
  env: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  cwd: Schema.optionalKey(Schema.String)
})
export type StdioServer = typeof StdioServer.Type

/** A server that is reached over HTTP. */
export const HttpServer = Schema.Struct({
  ...common,
  /**
   * `http` is streamable HTTP, `sse` what servers up to 2024 spoke. Without it streamable HTTP is tried, and the other when the
   * server does not know that.
   */
  transport: Schema.optionalKey(Schema.Literals(["http", "sse"])),
  url: Schema.String.check(Schema.isPattern(/^https?:\/\/\S+$/)),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export type HttpServer = typeof HttpServer.Type

export const McpServerConfig = Schema.Union([StdioServer, HttpServer])
export type McpServerConfig = typeof McpServerConfig.Type

/** Server names are part of tool names. */
export const ServerName = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/))
