import type * as Schema from "effect/Schema"
import type { ToolDefinition } from "@parley/domain/Tool"
import { hides, withoutInvisible } from "@parley/domain/VisibleText"
import { isObject } from "./Subschemas.ts"

const prose = new Set(["$comment", "description", "title"])
/** Below these keywords is plain data, whatever its keys are called. */
const values = new Set(["const", "default", "enum", "examples"])
/** Below these keywords, the keys are names chosen by the server. */
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])

const seenIn = (json: Schema.Json, at: "schema" | "names" | "value"): Schema.Json | undefined => {
  if (typeof json === "string") return hides(json) ? undefined : json
  if (typeof json !== "object" || json === null) return json
  if (Array.isArray(json)) {
    const items = json.map((item) => seenIn(item, at))
    return items.some((item) => item === undefined) ? undefined : items.filter((item) => item !== undefined)
  }
  const entries: Array<[string, Schema.Json]> = []
  for (const [key, value] of Object.entries(json)) {
    if (hides(key)) return undefined
    const inside =
      at === "value" || (at === "schema" && values.has(key))
        ? "value"
        : at === "schema" && named.has(key)
          ? "names"
          : "schema"
    const isProse = at === "schema" && prose.has(key) && typeof value === "string"
    const seen = isProse ? withoutInvisible(value) : seenIn(value, inside)
    if (seen === undefined) return undefined
    entries.push([key, seen])
  }
  return Object.fromEntries(entries)
}

/**
 * The tool without the invisible characters in its prose, so that a model reads no more than a person can. Returns
 * `undefined` if its schema has invisible characters in names or values: a call would have to repeat those unchanged.
 */
export const asSeen = <T extends ToolDefinition>(tool: T): T | undefined => {
  const inputSchema = seenIn(tool.inputSchema, "schema")
  return isObject(inputSchema) ? { ...tool, description: withoutInvisible(tool.description), inputSchema } : undefined
}
