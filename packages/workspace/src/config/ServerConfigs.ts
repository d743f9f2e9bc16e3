import { HttpServer, McpServerConfig, ServerName, StdioServer } from "@parley/domain/McpServerConfig"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { explain } from "../json/Explain.ts"
import { parse, quote } from "../json/Json.ts"

/**
 * The server name of Parley's own tools. Project slots may call these tools, so no other server may have this name.
 *
 * @since 0.1.0
 * @category constants
 */
export const reservedServer = "workspace"

const only = (keys: object, others: object): ReadonlyArray<string> =>
  Object.keys(keys).filter((key) => !(key in others))
const stdioKeys = only(StdioServer.fields, HttpServer.fields)
const httpKeys = only(HttpServer.fields, StdioServer.fields)

/**
 * Both kinds of server in one struct. A union would only report that no alternative matches; this reports a wrong value
 * first, and keys that cannot be combined after that.
 */
const AnyServer = Schema.Struct({
  ...StdioServer.fields,
  ...HttpServer.fields,
  command: Schema.optionalKey(Schema.NonEmptyString),
  url: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^https?:\/\/\S+$/, { expected: "an http:// or https:// address" }))
  )
}).check(
  Schema.makeFilter((server) => {
    if ((server.command === undefined) === (server.url === undefined)) {
      return 'exactly one of "command" (a program to start) and "url" (an address to connect to)'
    }
    const [chosen, misplaced] = server.url === undefined ? ["command", httpKeys] : ["url", stdioKeys]
    return misplaced
      .filter((key) => key in server)
      .map((key) => ({ path: [key], issue: `no such key beside "${chosen}"` }))
  })
)

const Server = AnyServer.pipe(Schema.decodeTo(McpServerConfig, SchemaTransformation.passthrough({ strict: false })))

const nameExpected = "1 to 32 letters, digits, _ or -, of which the first is a letter or digit"

/**
 * The MCP servers of the user, by name.
 *
 * @since 0.1.0
 * @category schemas
 */
export const McpServers = Schema.Record(ServerName.annotate({ expected: nameExpected }), Server).check(
  Schema.makeFilter((servers) =>
    reservedServer in servers
      ? [{ path: [reservedServer], issue: "another name; this one belongs to Parley's own tools" }]
      : []
  )
)

const isName = Schema.is(ServerName)
const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))
const decode = SchemaParser.decodeUnknownResult(McpServers, { errors: "all", onExcessProperty: "error" })

/** Whether `fetch` accepts this address: it refuses addresses that contain a user name or a password. */
const isAddress = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { password, username } = new URL(text)
  return username === "" && password === ""
}

/**
 * Decodes a server's configuration. Fails with a description of the problem that contains no possibly secret value.
 *
 * @since 0.1.0
 * @category functions
 */
export const check = (name: string, server: Schema.Json): Result.Result<McpServerConfig, string> => {
  if (name === reservedServer)
    return Result.fail(`the name ${reservedServer} belongs to Parley's own tools; choose another name`)
  if (!isName(name)) return Result.fail(`${quote(name)} cannot be the name of a server: expected ${nameExpected}`)
  return Result.gen(function* () {
    const parsed = yield* Result.mapError(parse(encode({ [name]: server })), ({ problem }) => problem)
    const servers = yield* Result.mapError(decode(parsed.value), (issue) => explain(issue, parsed).problem)
    const config = servers[name]
    if (config === undefined) return yield* Result.fail("the server is missing")
    if ("url" in config && !isAddress(config.url))
      return yield* Result.fail(`${name}.url: expected an http:// or https:// address without a user name or password`)
    return config
  })
}
