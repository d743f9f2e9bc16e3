import * as Schema from "effect/Schema"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { secretValues } from "./SecretValues.ts"

const hidden = "…"
const shortest = 6

const option = /^--?([\w-]+)$/
/** `--api-key=…`, `API_KEY=…`, `X-Api-Key: …` */
const named = /^-{0,2}([\w-]+)\s*[=:]\s*(\S.*)$/s

/** What stands behind a name, and behind one that is in there: `--header=X-Api-Key: …`. */
const ofNamed = (text: string): ReadonlyArray<string> | undefined => {
  const [, name, value] = named.exec(text) ?? []
  if (name === undefined || value === undefined || value.startsWith("//")) return undefined
  return ofNamed(value) ?? secretValues(name, value)
}

const ofArguments = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.flatMap((arg, i) => {
    const [, before] = option.exec(args[i - 1] ?? "") ?? []
    const found = ofNamed(arg)
    if (found !== undefined) return found
    // Two letters say something here: `-e`, `-y`.
    return option.test(arg) ? [] : secretValues(before === undefined || before.length <= 2 ? "argument" : before, arg)
  })

/** The secrets that a configuration declares: in `env`, `headers`, `args`, the address and the login. */
export const secretsOf = (server: McpServerConfig): ReadonlyArray<string> => {
  const entries = Object.entries(("url" in server ? server.headers : server.env) ?? {})
  const declared = entries.flatMap(([name, value]) => secretValues(name, value))
  const others =
    "url" in server
      ? [...secretValues("url", server.url), server.oauth?.clientSecret ?? ""]
      : ofArguments(server.args ?? [])
  return [...declared, ...others].filter((secret) => secret.length >= shortest)
}

const encodeString = Schema.encodeSync(Schema.fromJsonString(Schema.String))

/** How a secret may stand in a text: as it is, in an address, in JSON. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const inAddress = encodeURIComponent(secret.toWellFormed())
  const inPath = encodeURI(secret.toWellFormed())
  return [
    secret,
    inAddress,
    inAddress.replaceAll("%20", "+"),
    inPath,
    // In a pointer to a member of some JSON.
    inPath.replaceAll("~", "~0").replaceAll("/", "~1"),
    inAddress.replaceAll(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase()),
    encodeString(secret).slice(1, -1)
  ]
}

/** A text in which the beginning of a secret stands at its end is one that was cut in the middle of it. */
const withoutBeginning = (piece: string, secret: string): string => {
  for (let n = Math.min(secret.length - 1, piece.length); n >= shortest; n--)
    if (piece.endsWith(secret.slice(0, n))) return piece.slice(0, -n)
  return piece
}
const cutMark = /((?: \[)?…)/

const without = (text: string, secret: string): string => {
  const whole = text.replaceAll(secret, hidden)
  return whole.includes(hidden)
    ? whole
        .split(cutMark)
        .map((piece, i, all) => (i % 2 === 0 && i < all.length - 1 ? withoutBeginning(piece, secret) : piece))
        .join("")
    : whole
}

export type Conceal = (text: string) => string

/** Takes secrets out of a text from any source, also where a text was cut in the middle of one. */
export const withoutSecrets = (secrets: ReadonlyArray<string>): Conceal => {
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter((secret) => secret.length >= shortest)
    // One may begin another.
    .toSorted((left, right) => right.length - left.length)
  return forms.length === 0 ? (text) => text : (text) => forms.reduce(without, text)
}

/** Takes the secrets of a server's configuration out of a text. */
export const concealing = (server: McpServerConfig): Conceal => withoutSecrets(secretsOf(server))

/**
 * The same for names of tools and of properties, which must stay what they are called by: there a secret that could be a
 * name itself is left.
 */
export const concealingNames = (server: McpServerConfig): Conceal =>
  withoutSecrets(secretsOf(server).filter((secret) => !/^[A-Za-z_.-]+$/.test(secret)))

/** The same for every text in some JSON, keys included. */
export const concealingJson = (conceal: Conceal, names: Conceal = conceal): ((json: Schema.Json) => Schema.Json) => {
  const go = (json: Schema.Json): Schema.Json => {
    if (typeof json === "string") return conceal(json)
    if (typeof json !== "object" || json === null) return json
    if (Array.isArray(json)) return json.map(go)
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [names(key), go(value)]))
  }
  return go
}
