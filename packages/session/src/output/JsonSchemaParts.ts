import type { OutputSchema } from "@parley/domain/OutputSchema"
import type * as Schema from "effect/Schema"

export const isObject = (value: Schema.Json | undefined): value is OutputSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A JSON Pointer (RFC 6901) to a member of what `path` points to. */
export const at = (path: string, member: string | number): string =>
  `${path}/${String(member).replaceAll("~", "~0").replaceAll("/", "~1")}`

/** Keywords whose value is one schema. `items` may be a list of schemas, as in older drafts. */
export const single: ReadonlySet<string> = new Set([
  "items",
  "additionalItems",
  "contains",
  "additionalProperties",
  "propertyNames",
  "not",
  "if",
  "then",
  "else"
])
/** Keywords whose value is a list of schemas. */
export const lists: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"])
/** Keywords whose value maps names to schemas. */
export const named: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas"
])

const inPlaceSingle = ["not", "if", "then", "else"]
const inPlaceLists = ["allOf", "anyOf", "oneOf"]

/** The schemas that apply to the same value as this one, besides the target of a reference. */
export const inPlace = (schema: OutputSchema): ReadonlyArray<OutputSchema> => [
  ...inPlaceSingle.flatMap((key) => (isObject(schema[key]) ? [schema[key]] : [])),
  ...inPlaceLists.flatMap((key) => {
    const value = schema[key]
    return Array.isArray(value) ? value.filter((item: Schema.Json) => isObject(item)) : []
  }),
  ...(isObject(schema["dependentSchemas"]) ? Object.values(schema["dependentSchemas"]).filter(isObject) : [])
]

const decoded = (token: string): string => {
  const plain = /%(?![0-9A-Fa-f]{2})/.test(token) || !/%/.test(token) ? token : decodeURIComponent(token)
  return plain.replaceAll("~1", "/").replaceAll("~0", "~")
}

/** What a reference within the document leads to: `#`, or `#/a/pointer`. Undefined if it leads nowhere. */
export const follow = (root: OutputSchema, reference: string): Schema.Json | undefined => {
  if (reference === "#") return root
  if (!reference.startsWith("#/")) return undefined
  return reference
    .slice(2)
    .split("/")
    .map(decoded)
    .reduce<Schema.Json | undefined>((value, token) => {
      if (Array.isArray(value)) return /^\d{1,6}$/.test(token) ? value[Number(token)] : undefined
      return isObject(value) && Object.hasOwn(value, token) ? value[token] : undefined
    }, root)
}
