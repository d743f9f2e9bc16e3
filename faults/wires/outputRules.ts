import { Broken, get, isObject, keys, list, text, type Value } from "./shape.ts"
import type { Wire } from "../../packages/harness/src/wires/Step.ts"

/** All schemas within a schema that a strict mode takes. */
const schemasIn = (schema: Value): ReadonlyArray<Value> => {
  if (!isObject(schema)) return []
  const byName = ["properties", "$defs"].flatMap((key) => {
    const all = get(schema, key)
    return keys(all).map((name) => get(all, name))
  })
  return [schema].concat([...byName, get(schema, "items"), ...list(schema, "anyOf")].flatMap(schemasIn))
}

/** Keywords that a strict mode takes, as the APIs document them. */
const subset = [
  "type",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "anyOf",
  "enum",
  "const",
  "$ref",
  "$defs",
  "title",
  "description"
]

/** What is wrong with a schema for a strict mode. `all`: every property has to be required. */
const strictRules = (schema: Value, all: boolean): ReadonlyArray<string> => {
  const broken = new Broken()
  for (const one of schemasIn(schema)) {
    const required = list(one, "required")
    broken.only(one, subset, "a schema")
    if (text(one, "type") === "object") broken.unless(get(one, "additionalProperties") === false, "an object is open")
    if (all)
      broken.unless(
        keys(get(one, "properties")).every((name) => required.includes(name)),
        "a property is not required"
      )
  }
  return broken.rules
}

/** Where a request has the schema of the response, and what the API does not accept of it; written from its documentation. */
export const outputRules: {
  readonly [name in Wire["name"]]?: (body: Value) => { readonly schema: Value; readonly broken: ReadonlyArray<string> }
} = {
  Anthropic: (body) => {
    const format = get(body, "output_config", "format")
    const schema = get(format, "schema")
    return {
      schema,
      broken: [...(text(format, "type") === "json_schema" ? [] : ["no format"]), ...strictRules(schema, false)]
    }
  },
  "OpenAI Responses": (body) => {
    const format = get(body, "text", "format")
    const schema = get(format, "schema")
    const isNamed = text(format, "type") === "json_schema" && /^[\w-]{1,64}$/.test(text(format, "name"))
    const broken = get(format, "strict") === true ? strictRules(schema, true) : []
    return { schema, broken: [...(isNamed ? [] : ["no format"]), ...broken] }
  },
  "OpenAI Chat": (body) => {
    const format = get(body, "response_format", "json_schema")
    const schema = get(format, "schema")
    const isNamed =
      text(body, "response_format", "type") === "json_schema" && /^[\w-]{1,64}$/.test(text(format, "name"))
    const broken = get(format, "strict") === true ? strictRules(schema, true) : []
    return { schema, broken: [...(isNamed ? [] : ["no format"]), ...broken] }
  },
  Gemini: (body) => {
    const config = get(body, "generationConfig")
    const isJson = text(config, "responseMimeType") === "application/json"
    return { schema: get(config, "responseJsonSchema"), broken: isJson ? [] : ["no media type"] }
  }
}
