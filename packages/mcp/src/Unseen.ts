import type * as Schema from "effect/Schema"
import type { ToolDefinition } from "@parley/domain/Tool"
import { isObject } from "./Subschemas.ts"

/** What a person who reads a text does not see, and a model does: all of it but line feeds and tabs. */
const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu

/** The text as a person sees it: separators are line feeds, and what shows nothing is gone. */
export const withoutUnseen = (text: string): string =>
  text.replaceAll(/\r\n?|[\p{Zl}\p{Zp}]/gu, "\n").replaceAll(unseen, "")

// In values that a call must repeat, joiners and the choice of a glyph are part of words and emoji, and a carriage return is
// part of a line end; nothing of the rest has a use in them.
const suspicious =
  /(?![\n\t]|\r\n|\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/** Whether a text that a call must repeat holds something that a person does not see. */
export const hides = (text: string): boolean => suspicious.test(text)

const prose = new Set(["$comment", "description", "title"])
/** What stands under these is a value, whatever its keys are called. */
const values = new Set(["const", "default", "enum", "examples"])
/** What stands under these is called by its keys. */
const named = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])

const seenIn = (json: Schema.Json, at: "schema" | "names" | "value"): Schema.Json | undefined => {
  if (typeof json === "string") return suspicious.test(json) ? undefined : json
  if (typeof json !== "object" || json === null) return json
  if (Array.isArray(json)) {
    const items = json.map((item) => seenIn(item, at))
    return items.some((item) => item === undefined) ? undefined : items.filter((item) => item !== undefined)
  }
  const entries: Array<[string, Schema.Json]> = []
  for (const [key, value] of Object.entries(json)) {
    if (suspicious.test(key)) return undefined
    const inside =
      at === "value" || (at === "schema" && values.has(key))
        ? "value"
        : at === "schema" && named.has(key)
          ? "names"
          : "schema"
    const isProse = at === "schema" && prose.has(key) && typeof value === "string"
    const seen = isProse ? withoutUnseen(value) : seenIn(value, inside)
    if (seen === undefined) return undefined
    entries.push([key, seen])
  }
  return Object.fromEntries(entries)
}

/**
 * A tool of which a model is told no more than a person could read. None where that cannot be: its schema has names or
 * values, which a call would have to repeat, with something unseen in them.
 */
export const asSeen = <T extends ToolDefinition>(tool: T): T | undefined => {
  const inputSchema = seenIn(tool.inputSchema, "schema")
  return isObject(inputSchema) ? { ...tool, description: withoutUnseen(tool.description), inputSchema } : undefined
}
