import { concealing } from "@parley/mcp/Concealing"
import { isSecretName } from "@parley/mcp/SecretValues"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as Schema from "effect/Schema"

/** What of a server's configuration may be shown: values of `env` and `headers` are not among it. */
export const View = Schema.Struct({
  name: Schema.String,
  transport: Schema.Literals(["stdio", "http"]),
  /** The command line or the address. */
  start: Schema.String,
  /** The names of the variables. */
  env: Schema.String.pipe(Schema.Array, Schema.optionalKey),
  /** The names of the headers. */
  headers: Schema.String.pipe(Schema.Array, Schema.optionalKey)
})
export type View = typeof View.Type

const hidden = "…"

const option = /^--?[\w-]+$/
/** `--api-key=…`, `API_KEY=…`, `X-Api-Key: …`: what follows the name. */
const named = /^([^=:\s]*)([=:]).+$/s

/** Arguments with those left out that their names say to be secret. */
const shownArgs = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.map((arg, i) => {
    const before = args[i - 1]
    if (before !== undefined && option.test(before) && isSecretName(before) && !option.test(arg)) return hidden
    return arg.replace(named, (all, name: string, sign: string) => (isSecretName(name) ? name + sign + hidden : all))
  })

const word = (text: string): string => (/^[\w@%+=:,./~…-]+$/.test(text) ? text : JSON.stringify(text))

/** An address without the values of its query. */
const shownAddress = (address: string): string => address.replace(/\?.*$/s, `?${hidden}`)

/** How a server is started, for a person to recognise it. */
export const view = (name: string, server: McpServerConfig): View => {
  const conceal = concealing(server)
  if ("url" in server) {
    const headers = Object.keys(server.headers ?? {})
    const start = conceal(shownAddress(server.url))
    return { name, transport: "http", start, ...(headers.length === 0 ? {} : { headers }) }
  }
  const env = Object.keys(server.env ?? {})
  const start = conceal([server.command, ...shownArgs(server.args ?? [])].map(word).join(" "))
  return { name, transport: "stdio", start, ...(env.length === 0 ? {} : { env }) }
}

/** ` (env TOKEN, PORT)`, or nothing. */
export const beside = ({ env, headers }: View): string =>
  env !== undefined ? ` (env ${env.join(", ")})` : headers !== undefined ? ` (headers ${headers.join(", ")})` : ""
