import type * as Trust from "@parley/workspace/Trust"
import * as Schema from "effect/Schema"
import { quotedWord } from "@parley/domain/VisibleText"
import type { Said } from "./TrustText.ts"
import { here, values, wordOf } from "./TrustText.ts"
import * as ServerRisks from "@parley/app/ServerRisks"

const names = Schema.Array(Schema.String)
/** A list instead of a record, because a variable may be named `__proto__`. */
const Values = Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.String }))

/** One server of a project, with everything that the project's file declares about it. */
const Listed = Schema.Struct({
  name: Schema.String,
  standing: Schema.Literals(["trusted", "declined", "unknown", "shadowed"]),
  hash: Schema.String,
  command: Schema.optionalKey(Schema.String),
  args: Schema.optionalKey(names),
  cwd: Schema.optionalKey(Schema.String),
  env: Schema.optionalKey(names),
  envValues: Schema.optionalKey(Values),
  url: Schema.optionalKey(Schema.String),
  headers: Schema.optionalKey(names),
  headerValues: Schema.optionalKey(Values),
  /** Patterns of tools that may run without approval, as allowed when the server was trusted. */
  allow: names,
  /** The user's permissions that match its tools. */
  permissions: Schema.Array(
    Schema.Struct({ pattern: Schema.String, permission: Schema.String, counts: Schema.Boolean })
  ),
  warnings: names
})

const List = Schema.Struct({ servers: Schema.Array(Listed), problem: Schema.optionalKey(Schema.String) })
export const encode = Schema.encodeEffect(Schema.fromJsonString(List))

const pairs = (record: { readonly [name: string]: string } = {}) =>
  Object.entries(record).map(([name, value]) => ({ name, value }))

type Server = Trust.Standings["servers"][number]

export const listed = (
  root: string,
  { problem, servers }: Trust.Standings,
  permissionsOf: (name: string) => Said["permissions"]
): typeof List.Type => ({
  servers: servers.map(({ allow, config, hash, name, standing }) => ({
    name,
    standing,
    hash,
    ...("url" in config
      ? { url: config.url, headers: Object.keys(config.headers ?? {}), headerValues: pairs(config.headers) }
      : {
          command: config.command,
          args: config.args ?? [],
          ...(config.cwd === undefined ? {} : { cwd: config.cwd }),
          env: Object.keys(config.env ?? {}),
          envValues: pairs(config.env)
        }),
    allow,
    permissions: permissionsOf(name),
    warnings: ServerRisks.of(here(root), config)
  })),
  ...(problem === undefined ? {} : { problem: problem.message })
})

const standings: { readonly [S in Trust.Standing]: string } = {
  trusted: "trusted",
  declined: "not trusted: you declined it",
  unknown: "not trusted yet",
  shadowed: "not used: you have a server of the same name"
}

const lines = ({ allow, config, hash, name, standing }: Server, full: boolean): ReadonlyArray<string> => {
  const word = wordOf(full)
  const start = "url" in config ? [config.url] : [config.command, ...(config.args ?? [])]
  return [
    `${name}: ${standings[standing]}`,
    `  ${start.map(word).join(" ")}`,
    ...values(config, word),
    ...(allow.length === 0 ? [] : [`  runs without approval: ${allow.map(quotedWord).join(", ")}`]),
    `  hash: ${hash}`
  ]
}

export const words = ({ servers }: Trust.Standings, full: boolean): string =>
  servers.map((server) => `${lines(server, full).join("\n")}\n`).join("")
