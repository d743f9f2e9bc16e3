import { serverRedaction } from "@parley/mcp/ServerSecrets"
import { redactionMark } from "@parley/domain/Redaction"
import { isSecretName } from "@parley/domain/SecretNames"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import * as Schema from "effect/Schema"

/**
 * The part of a server's configuration that may be shown. Values of `env` and `headers` are not.
 *
 * @since 0.1.0
 * @category schemas
 */
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

const option = /^--?[\w-]+$/
/** `--api-key=…`, `API_KEY=…`, `X-Api-Key: …`: what follows the name. */
const named = /^([^=:\s]*)([=:]).+$/s

/** Arguments, without the values whose names indicate a secret. */
const shownArgs = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.map((arg, i) => {
    const before = args[i - 1]
    if (before !== undefined && option.test(before) && isSecretName(before) && !option.test(arg)) return redactionMark
    return arg.replace(named, (all, name: string, sign: string) =>
      isSecretName(name) ? name + sign + redactionMark : all
    )
  })

const word = (text: string): string => (/^[\w@%+=:,./~…-]+$/.test(text) ? text : JSON.stringify(text))

/** An address without the values of its query. */
const shownAddress = (address: string): string => address.replace(/\?.*$/s, `?${redactionMark}`)

/**
 * How a server is started, in a form in which a person recognises it and from which secrets are removed.
 *
 * @since 0.1.0
 * @category functions
 */
export const view = (name: string, server: McpServerConfig): View => {
  const redact = serverRedaction(server)
  if ("url" in server) {
    const headers = Object.keys(server.headers ?? {})
    const start = redact(shownAddress(server.url))
    return { name, transport: "http", start, ...(headers.length === 0 ? {} : { headers }) }
  }
  const env = Object.keys(server.env ?? {})
  const start = redact([server.command, ...shownArgs(server.args ?? [])].map(word).join(" "))
  return { name, transport: "stdio", start, ...(env.length === 0 ? {} : { env }) }
}

/**
 * ` (env TOKEN, PORT)`, or nothing.
 *
 * @since 0.1.0
 * @category functions
 */
export const settingNames = ({ env, headers }: View): string =>
  env !== undefined ? ` (env ${env.join(", ")})` : headers !== undefined ? ` (headers ${headers.join(", ")})` : ""
