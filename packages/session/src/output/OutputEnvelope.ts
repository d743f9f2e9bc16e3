import type { OutputSchema } from "@parley/domain/OutputSchema"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { isObject } from "./JsonSchemaParts.ts"

/** The member of the object around an answer whose root is not a plain object. */
const member = "answer"

const notPlain = ["$ref", "allOf", "anyOf", "oneOf", "not", "if", "enum", "const"]

/** Tools take only objects, and providers reject schemas whose root is anything but a plain object. */
const isPlain = (schema: OutputSchema): boolean =>
  schema["type"] === "object" && notPlain.every((key) => schema[key] === undefined)

const definitions = ["$defs", "definitions"]
const isShared = (reference: string): boolean => definitions.some((key) => reference.startsWith(`#/${key}/`))

/** The schema with references that still lead to their targets when it is a property of another schema. */
const moved = (value: Schema.Json): Schema.Json => {
  if (Array.isArray(value)) return value.map(moved)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === "$ref" && typeof inner === "string" && !isShared(inner)
        ? [key, `#/properties/${member}${inner.slice(1)}`]
        : [key, moved(inner)]
    )
  )
}

const enveloped = new WeakMap<OutputSchema, OutputSchema>()

/** The schema as it is sent: its root is always an object. The same schema always gives the same object. */
export const sent = (schema: OutputSchema): OutputSchema => {
  if (isPlain(schema)) return schema
  const known = enveloped.get(schema)
  if (known !== undefined) return known
  const { $schema: _, ...rest } = schema
  const shared = Object.fromEntries(
    definitions.flatMap((key) => {
      const value = rest[key]
      return value === undefined ? [] : [[key, moved(value)] as const]
    })
  )
  const inner = Object.fromEntries(Object.entries(rest).filter(([key]) => !definitions.includes(key)))
  const around: OutputSchema = {
    type: "object",
    properties: { [member]: moved(inner) },
    required: [member],
    additionalProperties: false,
    ...shared
  }
  enveloped.set(schema, around)
  return around
}

/** The answer within what the model sent. A model that leaves out the object around its answer is understood as well. */
export const received = (schema: OutputSchema, value: Schema.Json): Option.Option<Schema.Json> => {
  if (isPlain(schema) || !isObject(value)) return Option.none()
  const names = Object.keys(value)
  return names.length === 1 && names[0] === member ? Option.some(value[member] ?? null) : Option.none()
}
