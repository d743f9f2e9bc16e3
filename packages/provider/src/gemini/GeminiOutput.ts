import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import type * as Schema from "effect/Schema"
import { once } from "../request/Once.ts"
import { isObject } from "../request/StrictSchema.ts"
import { isSigned } from "./GeminiModels.ts"

/** The keywords that the API documents for `responseJsonSchema`. */
const plain = new Set(["type", "format", "title", "description", "enum", "minItems", "maxItems", "minimum", "maximum"])
const single = new Set(["items", "additionalProperties"])
const lists = new Set(["prefixItems", "anyOf", "oneOf"])
const named = new Set(["properties", "$defs"])

const schemaOf = (schema: OutputSchema): OutputSchema => {
  if (typeof schema["$ref"] === "string") return { $ref: schema["$ref"] }
  const { allOf } = schema
  const parts = Array.isArray(allOf) ? allOf.filter((part: Schema.Json) => isObject(part)) : []
  return Object.fromEntries(
    [...parts, schema]
      .flatMap((part) => Object.entries(part))
      .flatMap(([key, value]): ReadonlyArray<readonly [string, Schema.Json]> => {
        if (key === "const") return [["enum", [value]]]
        if (plain.has(key) || key === "required") return [[key, value]]
        if (single.has(key)) return [[key, isObject(value) ? schemaOf(value) : value]]
        if (lists.has(key) && Array.isArray(value))
          return [
            [key === "oneOf" ? "anyOf" : key, value.map((one: Schema.Json) => (isObject(one) ? schemaOf(one) : {}))]
          ]
        if (named.has(key) && isObject(value))
          return [
            [
              key,
              Object.fromEntries(Object.entries(value).map(([name, one]) => [name, isObject(one) ? schemaOf(one) : {}]))
            ]
          ]
        return []
      })
  )
}

const sent = once((schema: OutputSchema) => ({
  responseMimeType: "application/json",
  responseJsonSchema: schemaOf(schema)
}))

/** Whether the API holds the response to the schema: models before Gemini 3 do not if there are tools. */
export const isNative = ({ model, output, tools }: ModelRequest, forced: boolean): boolean =>
  output !== undefined && (forced || isSigned(model.model) || (tools.length === 0 && model.model.startsWith("gemini-")))

/** The members of `generationConfig` that ask for an answer that follows the schema. */
export const config = ({ output }: ModelRequest): object => (output === undefined ? {} : sent(output))
