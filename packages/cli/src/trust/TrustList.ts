import type * as Trust from "@parley/workspace/Trust"
import * as Schema from "effect/Schema"
import { quotedWord } from "../Visible.ts"

const names = Schema.Array(Schema.String)

/** One server of a project. Values of `env` and `headers` are not shown. */
const Listed = Schema.Struct({
  name: Schema.String,
  standing: Schema.Literals(["trusted", "declined", "unknown", "shadowed"]),
  hash: Schema.String,
  command: Schema.optionalKey(Schema.String),
  args: Schema.optionalKey(names),
  cwd: Schema.optionalKey(Schema.String),
  env: Schema.optionalKey(names),
  url: Schema.optionalKey(Schema.String),
  headers: Schema.optionalKey(names)
})

const List = Schema.Struct({ servers: Schema.Array(Listed), problem: Schema.optionalKey(Schema.String) })
export const encode = Schema.encodeEffect(Schema.fromJsonString(List))

export const listed = ({ problem, servers }: Trust.Standings): typeof List.Type => ({
  servers: servers.map(({ config, hash, name, standing }) => ({
    name,
    standing,
    hash,
    ...("url" in config
      ? { url: config.url, headers: Object.keys(config.headers ?? {}) }
      : {
          command: config.command,
          args: config.args ?? [],
          ...(config.cwd === undefined ? {} : { cwd: config.cwd }),
          env: Object.keys(config.env ?? {})
        })
  })),
  ...(problem === undefined ? {} : { problem: problem.message })
})

const standings: { readonly [S in Trust.Standing]: string } = {
  trusted: "trusted",
  declined: "not trusted: you said no",
  unknown: "not trusted yet",
  shadowed: "not used: a server of yours has this name"
}

export const words = ({ servers }: Trust.Standings): string =>
  servers
    .map(({ config, hash, name, standing }) => {
      const start = "url" in config ? [config.url] : [config.command, ...(config.args ?? [])]
      return `${name}: ${standings[standing]}\n  ${start.map(quotedWord).join(" ")}\n  hash: ${hash}\n`
    })
    .join("")
