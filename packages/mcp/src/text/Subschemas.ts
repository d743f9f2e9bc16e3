import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"

export type JsonObject = { readonly [key: string]: Schema.Json }

export const isObject = (value: Schema.Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

// `single`: keywords whose value is a schema or an array of schemas. `named`: keywords whose value maps names to schemas.
const applied = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"]
const single = [
  ...applied,
  "items",
  "prefixItems",
  "additionalItems",
  "unevaluatedItems",
  "contains",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "contentSchema"
]
const appliedByName = ["dependentSchemas"]
const named = [...appliedByName, "properties", "patternProperties", "$defs", "definitions", "dependencies"]

const children = (
  schema: JsonObject,
  keys: ReadonlyArray<string>,
  keysOfNamed: ReadonlyArray<string>
): ReadonlyArray<JsonObject> => [
  ...keys.flatMap((key) => {
    const value = schema[key]
    return Array.isArray(value) ? value.filter((item: Schema.Json) => isObject(item)) : isObject(value) ? [value] : []
  }),
  ...keysOfNamed.flatMap((key) => {
    const value = schema[key]
    return isObject(value) ? Object.values(value).filter(isObject) : []
  })
]

/** The schemas that are applied to the same value as this one. */
export const inPlace = (schema: JsonObject): ReadonlyArray<JsonObject> => children(schema, applied, appliedByName)

/** A schema and all its subschemas, by the keywords of JSON Schema. The content of `default` and `enum` is not a schema. */
export const subschemas = (root: JsonObject): ReadonlyArray<JsonObject> => {
  const all = [root]
  for (let next = 0; next < all.length; next++) {
    const schema = all[next]
    if (schema !== undefined) all.push(...children(schema, single, named))
  }
  return all
}

const decoded = (token: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(token)),
    () => token
  )
    .replaceAll("~1", "/")
    .replaceAll("~0", "~")

/** The decoded tokens of a JSON Pointer (RFC 6901), which begins with `/`. */
export const tokensOf = (pointer: string): ReadonlyArray<string> => pointer.slice(1).split("/").map(decoded)

export const pointed = (root: JsonObject, tokens: ReadonlyArray<string>): Schema.Json | undefined =>
  tokens.reduce<Schema.Json | undefined>((at, token) => {
    if (Array.isArray(at)) return /^\d{1,6}$/.test(token) ? at[Number(token)] : undefined
    return isObject(at) && Object.hasOwn(at, token) ? at[token] : undefined
  }, root)

/** Resolves references within a document: `#`, `#/a/pointer`, or `#anchor`. Returns `undefined` for a dangling reference. */
export const resolver = (
  root: JsonObject,
  all: ReadonlyArray<JsonObject>
): ((reference: string) => Schema.Json | undefined) => {
  const anchors = new Map(
    all.flatMap((schema) =>
      ["$anchor", "$dynamicAnchor"].flatMap((key) => {
        const name = schema[key]
        return typeof name === "string" ? [[name, schema] as const] : []
      })
    )
  )
  return (reference) => {
    const fragment = reference.slice(1)
    if (fragment === "") return root
    return fragment.startsWith("/") ? pointed(root, tokensOf(fragment)) : anchors.get(fragment)
  }
}
