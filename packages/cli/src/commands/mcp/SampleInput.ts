import type { ToolInput } from "@parley/domain/McpManager"
import type * as Schema from "effect/Schema"

type Json = Schema.Json
type Node = { readonly [key: string]: Json }

/** Maximum depth, as schemas may refer to themselves. Deeper values are left empty; the server may reject them. */
const deepest = 12
/** Maximum number of values in one sample, as nested lists multiply. */
const most = 1000

const isNode = (value: Json | undefined): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const isList = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)
const numberAt = (schema: Node, key: string): number | undefined => {
  const value = schema[key]
  return typeof value === "number" ? value : undefined
}

const formats: { readonly [format: string]: string } = {
  date: "2026-01-01",
  time: "12:00:00Z",
  "date-time": "2026-01-01T12:00:00Z",
  duration: "PT1M",
  email: "someone@example.org",
  hostname: "example.org",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.org/",
  "uri-reference": "/",
  uuid: "00000000-0000-4000-8000-000000000000"
}

const text = (schema: Node): string => {
  const format = schema["format"]
  const known = typeof format === "string" && Object.hasOwn(formats, format) ? formats[format] : undefined
  if (known !== undefined) return known
  const word = "example".slice(0, Math.max(0, numberAt(schema, "maxLength") ?? Infinity))
  return word.padEnd(Math.min(numberAt(schema, "minLength") ?? 0, 1000), "x")
}

const number = (schema: Node, whole: boolean): number => {
  const least = numberAt(schema, "minimum") ?? (numberAt(schema, "exclusiveMinimum") ?? 0) + 1
  const most = numberAt(schema, "maximum") ?? (numberAt(schema, "exclusiveMaximum") ?? Infinity) - 1
  const step = numberAt(schema, "multipleOf") ?? 1
  const value = Math.min(most, Math.ceil(least / step) * step)
  return whole ? Math.trunc(value) : value
}

/** Resolves a JSON Pointer such as `#/$defs/a` within the same schema. */
const referred = (root: Node, pointer: string): Node | undefined => {
  if (!pointer.startsWith("#/")) return undefined
  let at: Json | undefined = root
  for (const step of pointer.slice(2).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~")
    at = isNode(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }
  return isNode(at) ? at : undefined
}

const typeOf = (schema: Node): Json | undefined => {
  const type = schema["type"]
  if (isList(type)) return type.find((one) => one !== "null")
  return type ?? (isNode(schema["properties"]) ? "object" : isNode(schema["items"]) ? "array" : undefined)
}

/** The root schema, into which pointers lead, and how many more values may be made. */
interface Whole {
  readonly root: Node
  left: number
}

const sample = (schema: Json | undefined, whole: Whole, depth: number): Json => {
  if (whole.left-- <= 0 || depth > deepest || !isNode(schema)) return {}
  for (const key of ["const", "default"]) if (Object.hasOwn(schema, key)) return schema[key] ?? null
  for (const key of ["enum", "examples"]) {
    const all = schema[key]
    const [first] = isList(all) ? all : []
    if (first !== undefined) return first
  }
  const pointer = schema["$ref"]
  if (typeof pointer === "string") return sample(referred(whole.root, pointer), whole, depth + 1)
  for (const key of ["oneOf", "anyOf"]) {
    const all = schema[key]
    if (isList(all) && all.length > 0) return sample(all[0], whole, depth + 1)
  }
  switch (typeOf(schema)) {
    case "string":
      return text(schema)
    case "number":
    case "integer":
      return number(schema, schema["type"] === "integer")
    case "boolean":
      return true
    case "null":
      return null
    case "array":
      return Array.from({ length: Math.min(numberAt(schema, "minItems") ?? 0, 20) }, () =>
        sample(schema["items"], whole, depth + 1)
      )
    default:
      return object(schema, whole, depth)
  }
}

const object = (schema: Node, whole: Whole, depth: number): ToolInput => {
  const parts = [schema, ...(isList(schema["allOf"]) ? schema["allOf"] : [])].filter(isNode)
  return Object.fromEntries(
    parts.flatMap((part) => {
      const required = part["required"]
      const properties = part["properties"]
      return (isList(required) ? required : []).flatMap((name) =>
        typeof name === "string" && whole.left > 0
          ? [[name, sample(isNode(properties) ? properties[name] : undefined, whole, depth + 1)]]
          : []
      )
    })
  )
}

/**
 * An input that a tool is likely to accept: the required properties, each with the first value that the schema allows.
 * `pattern` is ignored, because it is a regular expression from an untrusted server.
 */
export const sampleInput = (schema: Node): ToolInput => object(schema, { root: schema, left: most }, 0)
