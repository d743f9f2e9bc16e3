import { ConfigError } from "@parley/domain/Errors"
import { type McpServerConfig, workspaceVariable } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote } from "../json/Json.ts"
import * as JsonFile from "../json/JsonFile.ts"
import { check } from "./ServerConfigs.ts"
import { unreplaced } from "./ServerVariables.ts"

/**
 * The program that the file belongs to. Claude Desktop and Cursor list their servers under `mcpServers`, VS Code under
 * `servers`; `auto` uses the key that the file contains.
 *
 * @since 0.1.0
 * @category models
 */
export type Format = "auto" | "claude" | "vscode" | "cursor"

/**
 * A server in another program's configuration.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientServer =
  | {
      readonly _tag: "Usable"
      readonly name: string
      /** The entry to write to Parley's configuration. Disabled when `unresolved` is not empty. */
      readonly server: { readonly [key: string]: Schema.Json }
      readonly config: McpServerConfig
      /** What the user has to complete before the server can work. Contains no value from the file. */
      readonly unresolved: ReadonlyArray<string>
      /** Keys that Parley does not support. */
      readonly ignored: ReadonlyArray<string>
    }
  | { readonly _tag: "Unusable"; readonly name: string; readonly why: string }

const Entries = Schema.Record(Schema.String, Schema.Json)
type Entries = typeof Entries.Type
const isEntries = Schema.is(Entries)

/** Keys that have the same name and meaning in Parley's configuration. */
const taken = ["command", "args", "env", "cwd", "url", "headers", "disabled"]
const understood = new Set([...taken, "type", "envFile"])
const types = new Set(["stdio", "http", "streamable-http", "streamableHttp", "sse"])

/** Numbers become text. Entries with null, which unset an inherited variable, are dropped: servers inherit few of them. */
const environment = (env: Schema.Json): Schema.Json =>
  isEntries(env)
    ? Object.fromEntries(
        Object.entries(env).flatMap(([name, value]) =>
          value === null ? [] : [[name, typeof value === "number" ? String(value) : value]]
        )
      )
    : env

/**
 * Translates the variable by which VS Code and Cursor name the root of the workspace. The form with a folder name, for
 * workspaces with several roots, has no counterpart in Parley and stays.
 */
const toOurs = (text: Schema.Json): Schema.Json =>
  typeof text === "string" ? text.replaceAll("${workspaceFolder}", () => workspaceVariable) : text

const directory = (cwd: Schema.Json): Schema.Json => {
  const ours = toOurs(cwd)
  // A plain `workspace` is a directory of that name in the other programs, but the workspace itself in Parley.
  return ours === workspaceVariable ? "workspace" : ours === "workspace" ? "./workspace" : ours
}

/** A value with references to the workspace root translated to Parley's form, in the keys where they are allowed. */
const translated = (key: string, value: Schema.Json): Schema.Json => {
  if (key === "args" && Array.isArray(value)) return value.map(toOurs)
  if (key === "cwd") return directory(value)
  if (key !== "env") return value
  const env = environment(value)
  return isEntries(env) ? Object.fromEntries(Object.entries(env).map(([name, text]) => [name, toOurs(text)])) : env
}

const relativeCommand = (config: McpServerConfig): ReadonlyArray<string> =>
  !("url" in config) && config.cwd === undefined && /^[^/$].*\//.test(config.command)
    ? ["command is a relative path: write an absolute path, or set cwd"]
    : []

const isServer = (entry: Schema.Json): Result.Result<Entries, string> => {
  if (!isEntries(entry)) return Result.fail("it is not an object")
  const type = entry["type"]
  if (type !== undefined && !(typeof type === "string" && types.has(type)))
    return Result.fail("Parley does not know its type; the types are stdio, http and sse")
  return Result.succeed(entry)
}

const read = (name: string, entry: Schema.Json): ClientServer => {
  const checked = Result.gen(function* () {
    const fields = yield* isServer(entry)
    const server: Entries = {
      ...Object.fromEntries(
        taken.flatMap((key) => {
          const value = fields[key]
          return value === undefined ? [] : [[key, translated(key, value)]]
        })
      ),
      // For a server with a url, the other programs' `type` is Parley's `transport`.
      ...(fields["type"] === "sse" && "url" in fields ? { transport: "sse" } : {})
    }
    const config = yield* check(name, server)
    const unresolved = [
      ...relativeCommand(config),
      ...unreplaced(config).map(({ at, variable }) => `${at} has ${variable}`),
      ...("envFile" in fields ? ["envFile is not read: copy its variables to env"] : [])
    ]
    const ignored = Object.keys(fields).filter((key) => !understood.has(key))
    const kept = unresolved.length === 0 ? server : { ...server, disabled: true }
    return { _tag: "Usable" as const, name, server: kept, config, unresolved, ignored }
  })
  return Result.getOrElse(checked, (why) => ({ _tag: "Unusable" as const, name, why }))
}

const keysOf = (format: Format): ReadonlyArray<string> =>
  format === "auto" ? ["mcpServers", "servers"] : [format === "vscode" ? "servers" : "mcpServers"]

/**
 * Reads the servers from another program's configuration file. Comments and trailing commas are allowed. The variable for
 * the workspace root is translated; other variables, such as `${env:X}`, stay unchanged and are reported in `unresolved`,
 * because only the other program can resolve them.
 *
 * @since 0.1.0
 * @category functions
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
    return yield* errorAt(
      [],
      `has both ${quote(key)} and ${quote(other)}; choose the program it belongs to with --format`
    )
  const servers = value[key]
  if (!isEntries(servers)) return yield* errorAt([key], `${key}: expected an object with the servers by name`)
  return Object.entries(servers).map(([name, entry]) => read(name, entry))
})
