import { HttpServer, McpServerConfig, ServerName, StdioServer } from "@parley/domain/McpServerConfig"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** The name of Parley's own tools. A server of that name would be called by what projects may declare. */
export const reservedServer = "workspace"

const only = (keys: object, others: object): ReadonlyArray<string> =>
  Object.keys(keys).filter((key) => !(key in others))
const stdioKeys = only(StdioServer.fields, HttpServer.fields)
const httpKeys = only(HttpServer.fields, StdioServer.fields)

/**
 * Both kinds of server in one struct. A union would only say that no alternative fits; this finds the wrong value first,
 * and what does not go together only after that.
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

/** The MCP servers of the user, by name. */
export const McpServers = Schema.Record(ServerName.annotate({ expected: nameExpected }), Server).check(
  Schema.makeFilter((servers) =>
    reservedServer in servers
      ? [{ path: [reservedServer], issue: "another name; this one belongs to Parley's own tools" }]
      : []
  )
)
