import { textOf } from "@parley/domain/Content"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import type * as Schema from "effect/Schema"
import { isObject } from "../request/StrictSchema.ts"

type Value = Schema.Json | undefined

/** A schema that refers to itself is followed this far. */
const deepest = 8

const pointed = (root: OutputSchema, reference: string): Value =>
  reference
    .split("/")
    .slice(1)
    .reduce<Value>((value, token) => (isObject(value) ? value[token] : undefined), root)

const count = (value: Value, otherwise: number): number => (typeof value === "number" ? value : otherwise)

/** A value by simple rules: the first allowed one, or the smallest of its type. It does not heed every keyword. */
const sample = (schema: Value, root: OutputSchema, depth: number): Schema.Json => {
  if (!isObject(schema) || depth > deepest) return null
  const inner = (one: Value) => sample(one, root, depth + 1)
  const { anyOf, const: only, enum: allowed, items, minItems, minLength, minimum, oneOf, properties, type } = schema
  if (typeof schema["$ref"] === "string") return inner(pointed(root, schema["$ref"]))
  if (only !== undefined) return only
  if (Array.isArray(allowed)) return allowed[0] ?? null
  for (const choice of [anyOf, oneOf]) if (Array.isArray(choice)) return inner(choice[0])
  switch (Array.isArray(type) ? type[0] : type) {
    case "object":
      return isObject(properties)
        ? Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, inner(one)]))
        : {}
    case "array":
      return Array.from({ length: count(minItems, 1) }, () => inner(items))
    case "string":
      return "demo".padEnd(count(minLength, 0), "o")
    case "integer":
    case "number":
      return count(minimum, 1)
    case "boolean":
      return true
    default:
      return null
  }
}

/** JSON that the user wrote into the message: the demo model then answers with that, whatever it is. */
const dictated = ({ messages }: Pick<ModelRequest, "messages">): string | undefined => {
  const asked = messages.at(-1)?.content.findLast(({ _tag }) => _tag === "Text")
  return asked === undefined ? undefined : /\banswer (?:with )?([[{].*[\]}])/is.exec(textOf([asked]))?.[1]
}

/** The demo model's answer that follows a schema: what the message dictates, or an example of the schema. */
export const structured = (request: Pick<ModelRequest, "messages">, schema: OutputSchema): string =>
  dictated(request) ?? JSON.stringify(sample(schema, schema, 0))
