import { concealing, type Conceal, concealingJson, concealingNames, secretsOf } from "./Concealing.ts"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { ToolDefinition } from "@parley/domain/Tool"
import type * as Schema from "effect/Schema"

/** Takes the secrets that a server was given out of what it says. */
export interface ServerSecrets {
  readonly conceal: Conceal
  /** The same for all texts of a message. Names of properties keep what could be a name. */
  readonly concealAll: (message: unknown) => unknown
  /** The same for what describes a tool to a model. What a call must repeat as it is, such as names and enumerations, stays. */
  readonly concealTool: (tool: ToolDefinition) => ToolDefinition
}

export const noSecrets: ServerSecrets = {
  conceal: (text) => text,
  concealAll: (message) => message,
  concealTool: (tool) => tool
}

/** Deeper than anything that is shown or kept. What is below is dropped. */
const deepest = 200

/** What in a schema is read and never repeated. */
const words = new Set(["title", "description", "$comment", "default", "examples"])
/** In these the keys are names that the server has chosen. */
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
 * The member of a part of a result that holds bytes, as base64. They are shown to no one as text, and what looks like a
 * secret in them is chance.
 */
const binaryOf = (part: object): string | undefined => {
  if ("type" in part && (part.type === "image" || part.type === "audio")) return "data"
  return "uri" in part && "blob" in part ? "blob" : undefined
}

export const serverSecrets = (config: McpServerConfig): ServerSecrets => {
  if (secretsOf(config).length === 0) return noSecrets
  const conceal = concealing(config)
  const names = concealingNames(config)
  const go = (value: unknown, depth: number, isStructured = false): unknown => {
    if (typeof value === "string") return conceal(value)
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
  const inJson = concealingJson(conceal, names)
  // Tools are asked for in each round, and their schemas do not change.
  const known = new WeakMap<Input, Input>()
  const concealTool = (tool: ToolDefinition): ToolDefinition => {
    const inputSchema = known.get(tool.inputSchema) ?? members(Object.entries(tool.inputSchema), inJson, false)
    known.set(tool.inputSchema, inputSchema)
    return { ...tool, description: conceal(tool.description), inputSchema }
  }
  return { conceal, concealAll: (message) => go(message, 0), concealTool }
}
