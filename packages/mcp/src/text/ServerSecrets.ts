import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import { type Redact, redactionInJson, redactionOf, shortestSecret } from "@parley/domain/Redaction"
import type { ToolDefinition } from "@parley/domain/Tool"
import type * as Schema from "effect/Schema"
import { secretValues } from "./SecretValues.ts"

const option = /^--?([\w-]+)$/
/** `--api-key=…`, `API_KEY=…`, `X-Api-Key: …` */
const withValue = /^-{0,2}([\w-]+)\s*[=:]\s*(\S.*)$/s

/** The secrets in the value after a name. Names may be nested, as in `--header=X-Api-Key: …`; the innermost decides. */
const ofNamed = (text: string): ReadonlyArray<string> | undefined => {
  const [, name, value] = withValue.exec(text) ?? []
  if (name === undefined || value === undefined || value.startsWith("//")) return undefined
  return ofNamed(value) ?? secretValues(name, value)
}

const ofArguments = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.flatMap((arg, i) => {
    const [, before] = option.exec(args[i - 1] ?? "") ?? []
    const found = ofNamed(arg)
    if (found !== undefined) return found
    // Short options such as `-e` and `-y` do not name a value, so they say nothing about the argument that follows.
    return option.test(arg) ? [] : secretValues(before === undefined || before.length <= 2 ? "argument" : before, arg)
  })

/**
 * The secrets that a configuration declares: in `env`, `headers`, `args`, the address and the login.
 *
 * @since 0.1.0
 * @category functions
 */
export const secretsOf = (server: McpServerConfig): ReadonlyArray<string> => {
  const entries = Object.entries(("url" in server ? server.headers : server.env) ?? {})
  const declared = entries.flatMap(([name, value]) => secretValues(name, value))
  const others =
    "url" in server
      ? [...secretValues("url", server.url), server.oauth?.clientSecret ?? ""]
      : ofArguments(server.args ?? [])
  return [...declared, ...others].filter((secret) => secret.length >= shortestSecret)
}

/**
 * Redacts the secrets of a server's configuration in a text.
 *
 * @since 0.1.0
 * @category functions
 */
export const serverRedaction = (server: McpServerConfig): Redact => redactionOf(secretsOf(server))

/**
 * Like `serverRedaction`, for names of tools and properties. A name must stay usable in calls, so a secret that consists only of
 * letters, `_`, `.` and `-`, and could therefore be a name itself, is not redacted.
 *
 * @since 0.1.0
 * @category functions
 */
export const serverNameRedaction = (server: McpServerConfig): Redact =>
  redactionOf(secretsOf(server).filter((secret) => !/^[A-Za-z_.-]+$/.test(secret)))

/**
 * Redacts the secrets that a server was configured with in everything that the server sends.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerSecrets {
  readonly redact: Redact
  /** Redacts all strings of a message. In keys, a secret that could itself be a name is kept. */
  readonly redactAll: (message: unknown) => unknown
  /** Redacts the description of a tool. Text that a call must repeat unchanged, such as names and enumerations, is kept. */
  readonly redactTool: (tool: ToolDefinition) => ToolDefinition
}

/**
 * For servers that were configured without secrets: changes nothing.
 *
 * @since 0.1.0
 * @category constants
 */
export const noSecrets: ServerSecrets = {
  redact: (text) => text,
  redactAll: (message) => message,
  redactTool: (tool) => tool
}

/** Deeper than anything that is shown or stored. Values below this depth are replaced by null. */
const deepest = 200

/** Keywords of a schema whose value is only read, never repeated in a call. */
const words = new Set(["title", "description", "$comment", "default", "examples"])
/** Below these keywords, the keys are names chosen by the server. */
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])

type Input = ToolDefinition["inputSchema"]
type Change = (json: Schema.Json) => Schema.Json

const members = (entries: ReadonlyArray<[string, Schema.Json]>, change: Change, areNames: boolean) =>
  Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      !areNames && words.has(key) ? change(value) : within(value, change, !areNames && named.has(key))
    ])
  )

const within = (json: Schema.Json, change: Change, areNames = false): Schema.Json => {
  if (typeof json !== "object" || json === null) return json
  if (Array.isArray(json)) return json.map((item) => within(item, change))
  return members(Object.entries(json), change, areNames)
}

/**
 * The member of a result's part that holds binary data in base64. It is never shown as text, and a secret that seems to
 * occur in it is a coincidence, so it is not redacted.
 */
const binaryOf = (part: object): string | undefined => {
  if ("type" in part && (part.type === "image" || part.type === "audio")) return "data"
  return "uri" in part && "blob" in part ? "blob" : undefined
}

/**
 * Redacts the secrets of this configuration.
 *
 * @since 0.1.0
 * @category functions
 */
export const serverSecrets = (config: McpServerConfig): ServerSecrets => {
  if (secretsOf(config).length === 0) return noSecrets
  const redact = serverRedaction(config)
  const names = serverNameRedaction(config)
  const go = (value: unknown, depth: number, isStructured = false): unknown => {
    if (typeof value === "string") return redact(value)
    if (typeof value !== "object" || value === null) return value
    if (depth > deepest) return null
    if (Array.isArray(value)) return value.map((item) => go(item, depth + 1, isStructured))
    const kept = isStructured ? undefined : binaryOf(value)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        names(key),
        key === kept ? item : go(item, depth + 1, isStructured || key === "structuredContent")
      ])
    )
  }
  const inJson = redactionInJson(redact, names)
  // Tools are requested in each round and their schemas do not change, so redacted schemas are cached.
  const known = new WeakMap<Input, Input>()
  const redactTool = (tool: ToolDefinition): ToolDefinition => {
    const inputSchema = known.get(tool.inputSchema) ?? members(Object.entries(tool.inputSchema), inJson, false)
    known.set(tool.inputSchema, inputSchema)
    return { ...tool, description: redact(tool.description), inputSchema }
  }
  return { redact, redactAll: (message) => go(message, 0), redactTool }
}
