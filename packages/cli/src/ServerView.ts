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
/** Shorter values, such as `1` or `true`, are no secrets, and hiding them would hide other words. */
const shortest = 6

const parametersOf = (url: string): ReadonlyArray<string> =>
  URL.canParse(url) ? [...new URL(url).searchParams.values()] : []

/** Values that are nobody else's business, and the words in them: a server may well repeat a token without its `Bearer`. */
const secretsOf = (server: McpServerConfig): ReadonlyArray<string> => {
  const values =
    "url" in server
      ? [
          ...Object.values(server.headers ?? {}),
          ...parametersOf(server.url),
          ...(server.oauth?.clientSecret === undefined ? [] : [server.oauth.clientSecret])
        ]
      : Object.values(server.env ?? {})
  return [...new Set(values.flatMap((value) => [value].concat(value.trim(), value.split(/\s+/))))]
    .filter((value) => value.length >= shortest)
    .toSorted((left, right) => right.length - left.length)
}

/** A text in which the beginning of a secret stands at its end is one that was cut in the middle of it. */
const withoutBeginning = (piece: string, secret: string): string => {
  for (let n = Math.min(secret.length - 1, piece.length); n >= shortest; n--)
    if (piece.endsWith(secret.slice(0, n))) return piece.slice(0, -n)
  return piece
}
const cutMark = /((?: \[)?…)/

/** Takes the server's secrets out of a text, whoever has said it, and wherever the text was cut. */
export const concealing = (server: McpServerConfig): ((text: string) => string) => {
  const secrets = secretsOf(server)
  const conceal = (text: string, secret: string): string =>
    text
      .replaceAll(secret, hidden)
      .split(cutMark)
      .map((piece, i, all) => (i % 2 === 0 && i < all.length - 1 ? withoutBeginning(piece, secret) : piece))
      .join("")
  return (text) => secrets.reduce(conceal, text)
}

/** The same for every text in some JSON, keys included. */
export const concealingJson = (conceal: (text: string) => string): ((json: Schema.Json) => Schema.Json) => {
  const go = (json: Schema.Json): Schema.Json => {
    if (typeof json === "string") return conceal(json)
    if (typeof json !== "object" || json === null) return json
    if (Array.isArray(json)) return json.map(go)
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [conceal(key), go(value)]))
  }
  return go
}

const secretive = /key|token|secret|passw|auth|credential|cookie/i
const option = /^--?[\w-]+$/
/** `--api-key=…`, `API_KEY=…`, `X-Api-Key: …`: what follows the name. */
const named = /^([^=:\s]*)([=:]).+$/s

/** Arguments with those left out that their names say to be secret. */
const shownArgs = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.map((arg, i) => {
    const before = args[i - 1]
    if (before !== undefined && option.test(before) && secretive.test(before) && !option.test(arg)) return hidden
    return arg.replace(named, (all, name: string, sign: string) => (secretive.test(name) ? name + sign + hidden : all))
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
