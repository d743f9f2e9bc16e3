import { ConfigError } from "@parley/domain/Errors"
import { type McpServerConfig, workspaceVariable } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote } from "./internal/Json.ts"
import * as JsonFile from "./JsonFile.ts"
import { check } from "./McpServers.ts"
import { unreplaced } from "./ServerVariables.ts"

/**
 * Whose file it is. Claude Desktop and Cursor have their servers under `mcpServers`, VS Code under `servers`; `auto` takes
 * what is there.
 */
export type Format = "auto" | "claude" | "vscode" | "cursor"

/** A server of another program's configuration. */
export type ClientServer =
  | {
      readonly _tag: "Usable"
      readonly name: string
      /** As it is to be written. Disabled when `unresolved` is not empty. */
      readonly server: { readonly [key: string]: Schema.Json }
      readonly config: McpServerConfig
      /** What a person has to fill in before it can work. Holds no value of the file. */
      readonly unresolved: ReadonlyArray<string>
      /** Keys that mean nothing here. */
      readonly ignored: ReadonlyArray<string>
    }
  | { readonly _tag: "Unusable"; readonly name: string; readonly why: string }

const Entries = Schema.Record(Schema.String, Schema.Json)
type Entries = typeof Entries.Type
const isEntries = Schema.is(Entries)

/** What has the same name and the same meaning here. */
const taken = ["command", "args", "env", "cwd", "url", "headers", "disabled"]
const understood = new Set([...taken, "type", "envFile"])
const types = new Set(["stdio", "http", "streamable-http", "streamableHttp", "sse"])

/** Numbers are meant as text; null takes a variable away, and none is there that was not stated. */
const environment = (env: Schema.Json): Schema.Json =>
  isEntries(env)
    ? Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) =>
          value === null ? [] : [[name, typeof value === "number" ? String(value) : value]]
        )
      )
    : env

/** What VS Code and Cursor call the root of the workspace. With a name it is one of several, which nothing here is. */
const toOurs = (text: Schema.Json): Schema.Json =>
  typeof text === "string" ? text.replaceAll("${workspaceFolder}", () => workspaceVariable) : text

const directory = (cwd: Schema.Json): Schema.Json => {
  const ours = toOurs(cwd)
  // The word alone is a directory of that name there, and the workspace itself here.
  return ours === workspaceVariable ? "workspace" : ours === "workspace" ? "./workspace" : ours
}

/** Where the workspace may be named, with it named as it is here. */
const translated = (key: string, value: Schema.Json): Schema.Json => {
  if (key === "args" && Array.isArray(value)) return value.map(toOurs)
  if (key === "cwd") return directory(value)
  if (key !== "env") return value
  const env = environment(value)
  return isEntries(env) ? Object.fromEntries(Object.entries(env).map(([name, text]) => [name, toOurs(text)])) : env
}

const relativeCommand = (config: McpServerConfig): ReadonlyArray<string> =>
  !("url" in config) && config.cwd === undefined && /^[^/$].*\//.test(config.command)
    ? ["command is a relative path: write the whole path, or a cwd"]
    : []

const isServer = (entry: Schema.Json): Result.Result<Entries, string> => {
  if (!isEntries(entry)) return Result.fail("it is not an object")
  const type = entry["type"]
  if (type !== undefined && !(typeof type === "string" && types.has(type)))
    return Result.fail("its type is none that Parley knows; there are stdio, http and sse")
  return Result.succeed(entry)
}

const read = (name: string, entry: Schema.Json): ClientServer => {
  const checked = Result.gen(function* () {
    const said = yield* isServer(entry)
    const server: Entries = {
      ...Object.fromEntries(
        taken.flatMap((key) => {
          const value = said[key]
          return value === undefined ? [] : [[key, translated(key, value)]]
        })
      ),
      // What the others call the type of a server beside its address is its transport here.
      ...(said["type"] === "sse" && "url" in said ? { transport: "sse" } : {})
    }
    const config = yield* check(name, server)
    const unresolved = [
      ...relativeCommand(config),
      ...unreplaced(config).map(({ at, variable }) => `${at} has ${variable}`),
      ...("envFile" in said ? ["envFile is not read: what it sets belongs under env"] : [])
    ]
    const ignored = Object.keys(said).filter((key) => !understood.has(key))
    const kept = unresolved.length === 0 ? server : { ...server, disabled: true }
    return { _tag: "Usable" as const, name, server: kept, config, unresolved, ignored }
  })
  return Result.getOrElse(checked, (why) => ({ _tag: "Unusable" as const, name, why }))
}

const keysOf = (format: Format): ReadonlyArray<string> =>
  format === "auto" ? ["mcpServers", "servers"] : [format === "vscode" ? "servers" : "mcpServers"]

/**
 * The servers that the configuration of another program names. Comments and trailing commas are allowed. The
 * workspace is named as it is here; other variables, such as `${env:X}`, are left as they are and reported: what they
 * stand for is the other program's to know.
 */
export const load = Effect.fn("ClientServers.load")(function* (
  path: string,
  format: Format
): Effect.fn.Return<ReadonlyArray<ClientServer>, ConfigError> {
  const document = yield* JsonFile.read({ path }, Entries)
  if (Option.isNone(document)) return yield* new ConfigError({ path, problem: "there is no such file" })
  const { errorAt, value } = document.value
  const keys = keysOf(format)
  const [key, other] = keys.filter((key) => Object.hasOwn(value, key))
  if (key === undefined)
    return yield* errorAt([], `expected servers under ${keys.map((key) => quote(key)).join(" or ")}, found none`)
  if (other !== undefined)
    return yield* errorAt([], `has both ${quote(key)} and ${quote(other)}; say with --format whose file it is`)
  const servers = value[key]
  if (!isEntries(servers)) return yield* errorAt([key], `${key}: expected an object with the servers by name`)
  return Object.entries(servers).map(([name, entry]) => read(name, entry))
})
