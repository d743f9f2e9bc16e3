import type * as Schema from "effect/Schema"
import { isObject, type JsonObject } from "./Subschemas.ts"

/** A keyword as JSON Schema 2020-12 has it, and under which keyword its value stood before. */
export interface Keyword {
  readonly key: string
  readonly value: Schema.Json
  readonly was: string
}

const isName = (value: Schema.Json): boolean => Array.isArray(value) || typeof value === "string"

const some = (object: JsonObject, holds: (value: Schema.Json) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => holds(value)))

/** Names of properties, each once. A single one may stand alone. */
export const names = (value: Schema.Json | undefined): ReadonlyArray<string> =>
  [...new Set(Array.isArray(value) ? value : [value])].filter((name) => typeof name === "string")

/** The properties that say of themselves that they are required, as some writers of schemas believe one does. */
const sayRequired = (properties: Schema.Json | undefined): ReadonlyArray<string> =>
  isObject(properties)
    ? Object.entries(properties).flatMap(([name, schema]) =>
        isObject(schema) && schema["required"] === true ? [name] : []
      )
    : []

/** Words of OpenAPI and of older drafts, and what says nothing where only one schema is looked at by itself. */
const gone = new Set(["nullable", "additionalItems", "$vocabulary", "$recursiveAnchor", "$async", "dependencies"])

const one = (schema: JsonObject, key: string, value: Schema.Json): ReadonlyArray<Keyword> => {
  const as = (key: string, value: Schema.Json | undefined, was = key): ReadonlyArray<Keyword> =>
    value === undefined ? [] : [{ key, value, was }]
  switch (key) {
    case "id":
    case "$id":
      // An address says where nothing is fetched from; a fragment is what is called an anchor now.
      return typeof value === "string" && value.startsWith("#") ? as("$anchor", value.slice(1)) : []
    case "$recursiveRef":
      return as("$ref", value)
    case "items":
      if (!Array.isArray(value)) return as(key, value)
      return [...as("prefixItems", value, "items"), ...as("items", schema["additionalItems"], "additionalItems")]
    case "type":
      // Draft 3's word for a value of whatever type.
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

/** OpenAPI's word for what may be null as well. */
const orNull = ({ key, value, was }: Keyword): Keyword => {
  if (key === "type") return { key, value: [...(Array.isArray(value) ? value : [value]), "null"], was }
  return key === "enum" && Array.isArray(value) && !value.includes(null)
    ? { key, value: [...value, null], was }
    : { key, value, was }
}

/**
 * The keywords of one schema, not of those in it, in the words of JSON Schema 2020-12. What drafts 3 to 2019-09 and OpenAPI 3.0
 * say otherwise is translated; null stands for a keyword that is absent.
 */
export const modern = (schema: JsonObject, isRoot: boolean): ReadonlyArray<Keyword> => {
  const said = Object.entries(schema).flatMap(([key, value]) => one(schema, key, value))
  const keywords = schema["nullable"] === true && !isRoot ? said.map(orNull) : said
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
