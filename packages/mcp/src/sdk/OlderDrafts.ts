import type * as Schema from "effect/Schema"
import { isObject, type JsonObject } from "../text/Subschemas.ts"

/** A keyword of JSON Schema 2020-12; `was` is the keyword that held its value in the original schema. */
export interface Keyword {
  readonly key: string
  readonly value: Schema.Json
  readonly was: string
}

const isName = (value: Schema.Json): boolean => Array.isArray(value) || typeof value === "string"

const some = (object: JsonObject, holds: (value: Schema.Json) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => holds(value)))

/** Names of properties without duplicates. A single name may be given as a string. */
export const names = (value: Schema.Json | undefined): ReadonlyArray<string> =>
  [...new Set(Array.isArray(value) ? value : [value])].filter((name) => typeof name === "string")

/** The properties whose own schema has `required: true`, as in draft 3; some authors still write it. */
const sayRequired = (properties: Schema.Json | undefined): ReadonlyArray<string> =>
  isObject(properties)
    ? Object.entries(properties).flatMap(([name, schema]) =>
        isObject(schema) && schema["required"] === true ? [name] : []
      )
    : []

/** Keywords of OpenAPI and older drafts that are translated elsewhere, or have no meaning in a single document. */
const gone = new Set(["nullable", "additionalItems", "$vocabulary", "$recursiveAnchor", "$async", "dependencies"])

const one = (schema: JsonObject, key: string, value: Schema.Json): ReadonlyArray<Keyword> => {
  const as = (key: string, value: Schema.Json | undefined, was = key): ReadonlyArray<Keyword> =>
    value === undefined ? [] : [{ key, value, was }]
  switch (key) {
    case "id":
    case "$id":
      // Nothing is fetched for a schema, so an absolute identifier is dropped. A fragment is today's `$anchor`.
      return typeof value === "string" && value.startsWith("#") ? as("$anchor", value.slice(1)) : []
    case "$recursiveRef":
      return as("$ref", value)
    case "items":
      if (!Array.isArray(value)) return as(key, value)
      return [...as("prefixItems", value, "items"), ...as("items", schema["additionalItems"], "additionalItems")]
    case "type":
      // In draft 3, `any` is the type of all values.
      return value === "any" || (Array.isArray(value) && value.includes("any")) ? [] : as(key, value)
    case "minimum":
    case "maximum": {
      const exclusive = key === "minimum" ? "exclusiveMinimum" : "exclusiveMaximum"
      return as(schema[exclusive] === true ? exclusive : key, value)
    }
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return typeof value === "boolean" ? [] : as(key, value)
    case "required":
      return typeof value === "boolean" ? [] : as(key, value)
    default:
      return gone.has(key) ? [] : as(key, value)
  }
}

/** Translates OpenAPI's `nullable: true`: adds null to `type` and `enum`. */
const orNull = ({ key, value, was }: Keyword): Keyword => {
  if (key === "type") return { key, value: [...(Array.isArray(value) ? value : [value]), "null"], was }
  return key === "enum" && Array.isArray(value) && !value.includes(null)
    ? { key, value: [...value, null], was }
    : { key, value, was }
}

/**
 * Translates the keywords of one schema, without its subschemas, to JSON Schema 2020-12. Accepts drafts 3 to 2019-09 and
 * OpenAPI 3.0. A keyword whose value is null counts as absent.
 */
export const modern = (schema: JsonObject, isRoot: boolean): ReadonlyArray<Keyword> => {
  const translated = Object.entries(schema).flatMap(([key, value]) => one(schema, key, value))
  const keywords = schema["nullable"] === true && !isRoot ? translated.map(orNull) : translated
  const has = (wanted: string) => keywords.some(({ key }) => key === wanted)
  const { dependencies } = schema
  const required = sayRequired(schema["properties"])
  return [
    ...keywords.map(({ key, value, was }) =>
      key === "required" && required.length > 0
        ? { key, value: [...names(value), ...required], was }
        : { key, value, was }
    ),
    ...(required.length > 0 && !has("required") ? [{ key: "required", value: required, was: "required" }] : []),
    ...(isObject(dependencies)
      ? [
          { key: "dependentRequired", value: some(dependencies, isName), was: "dependencies" },
          { key: "dependentSchemas", value: some(dependencies, (value) => !isName(value)), was: "dependencies" }
        ].filter(({ key, value }) => !has(key) && Object.keys(value).length > 0)
      : [])
  ]
}
