import * as InputBounds from "@parley/domain/InputBounds"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { at, follow, inPlace, isObject, lists, named, single } from "./JsonSchemaParts.ts"

/** The longest schema, in UTF-8 bytes. Every request of the round contains it. */
export const maxSchemaBytes = 128 * 1024

const types = new Set(["null", "boolean", "object", "array", "number", "integer", "string"])
const isType = (value: Schema.Json): boolean => typeof value === "string" && types.has(value)
const isNames = (value: Schema.Json): boolean =>
  Array.isArray(value) && value.every((item: Schema.Json) => typeof item === "string")
const isNumber = (value: Schema.Json): boolean => typeof value === "number"
const isCount = (value: Schema.Json): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= 0
const isPattern = (value: Schema.Json): boolean =>
  typeof value === "string" && Result.isSuccess(Result.try(() => new RegExp(value, "u")))

type Rule = readonly [expected: string, fits: (value: Schema.Json) => boolean]
const count: Rule = ["a whole number of 0 or more", isCount]
const number: Rule = ["a number", isNumber]
const text: Rule = ["a text", (value) => typeof value === "string"]

const rules: { readonly [keyword: string]: Rule } = {
  type: [
    `one of ${[...types].join(", ")}, or a list of these`,
    (value) => isType(value) || (Array.isArray(value) && value.length > 0 && value.every(isType))
  ],
  enum: ["a list of at least one value", (value) => Array.isArray(value) && value.length > 0],
  required: ["a list of names", isNames],
  dependentRequired: ["lists of names", (value) => isObject(value) && Object.values(value).every(isNames)],
  pattern: ["a regular expression", isPattern],
  uniqueItems: ["true or false", (value) => typeof value === "boolean"],
  multipleOf: ["a number above 0", (value) => typeof value === "number" && value > 0],
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minProperties: count,
  maxProperties: count,
  minContains: count,
  maxContains: count,
  title: text,
  description: text,
  format: text,
  $ref: ["a text", (value) => typeof value === "string"],
  $schema: [
    "a draft of JSON Schema from 6 to 2020-12",
    (value) =>
      typeof value === "string" && /^https?:\/\/json-schema\.org\/draft(?:\/2020-12|\/2019-09|-0[67])\//.test(value)
  ]
}

/** Keywords that change what a schema means and are not checked here. */
const unsupported = new Set([
  "$anchor",
  "$dynamicAnchor",
  "$dynamicRef",
  "$recursiveAnchor",
  "$recursiveRef",
  "dependencies",
  "unevaluatedItems",
  "unevaluatedProperties"
])

const place = (path: string): string => (path === "" ? "the root" : path)

/** All schemas of the document with their places, or the first problem of its form. */
class Reading {
  readonly schemas: Array<OutputSchema> = []
  private readonly root: OutputSchema

  constructor(root: OutputSchema) {
    this.root = root
  }

  schema(value: Schema.Json, path: string): string | undefined {
    if (typeof value === "boolean") return path === "" ? "its root has to be an object" : undefined
    if (!isObject(value)) return `${place(path)} is not a schema`
    this.schemas.push(value)
    for (const [key, inner] of Object.entries(value)) {
      const problem = this.keyword(key, inner, path)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  private keyword(key: string, value: Schema.Json, path: string): string | undefined {
    const here = at(path, key)
    if (unsupported.has(key) || (key === "$id" && path !== "")) return `${here}: the keyword ${key} is not supported`
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (rule !== undefined && !rule[1](value)) return `${here}: expected ${rule[0]}`
    if (key === "$ref" && typeof value === "string" && !this.leads(value))
      return `${here}: ${value.startsWith("#") ? "the reference leads nowhere" : "references to other documents are not supported"}`
    if (lists.has(key) || (key === "items" && Array.isArray(value))) {
      if (!Array.isArray(value) || value.length === 0) return `${here}: expected a list of schemas`
      return first(value, (item: Schema.Json, i) => this.schema(item, at(here, i)))
    }
    if (single.has(key)) return this.schema(value, here)
    if (!named.has(key)) return undefined
    if (!isObject(value)) return `${here}: expected schemas by name`
    return first(Object.entries(value), ([name, inner]) =>
      key === "patternProperties" && !isPattern(name)
        ? `${at(here, name)}: expected a regular expression`
        : this.schema(inner, at(here, name))
    )
  }

  private leads(reference: string): boolean {
    const target = follow(this.root, reference)
    return typeof target === "boolean" || isObject(target)
  }
}

const first = <A>(values: ReadonlyArray<A>, problem: (value: A, index: number) => string | undefined) => {
  for (const [i, value] of values.entries()) {
    const found = problem(value, i)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether a check of one value could return to the same schema with the same value. */
const goesInCircles = (root: OutputSchema, all: ReadonlyArray<OutputSchema>): boolean => {
  const open = new Set<OutputSchema>()
  const done = new Set<OutputSchema>()
  const visit = (schema: OutputSchema): boolean => {
    if (open.has(schema)) return true
    if (done.has(schema)) return false
    open.add(schema)
    const target = typeof schema["$ref"] === "string" ? follow(root, schema["$ref"]) : undefined
    const next = isObject(target) ? [...inPlace(schema), target] : inPlace(schema)
    if (next.some(visit)) return true
    open.delete(schema)
    done.add(schema)
    return false
  }
  return all.some(visit)
}

const encode = Schema.encodeResult(Schema.fromJsonString(Schema.Json))
const isSchemaObject = Schema.is(Schema.Record(Schema.String, Schema.Json))

/**
 * Reads a JSON Schema: draft 2020-12, and what older drafts down to 6 have in common with it. Fails with what is wrong, for
 * people. Unknown keywords are allowed, as the standard demands.
 */
export const read = (value: unknown): Result.Result<OutputSchema, string> => {
  if (!isSchemaObject(value)) return Result.fail("it is not a JSON object")
  const json = Result.getOrElse(encode(value), () => "")
  const bound = json.length > maxSchemaBytes ? "size" : InputBounds.broken(json)
  if (bound === "size") return Result.fail(`it is larger than ${maxSchemaBytes} bytes`)
  if (bound === "depth") return Result.fail(`it is nested deeper than ${InputBounds.maxInputDepth} levels`)
  const reading = new Reading(value)
  const problem = reading.schema(value, "")
  if (problem !== undefined) return Result.fail(problem)
  return goesInCircles(value, reading.schemas)
    ? Result.fail("it has a reference that goes in a circle")
    : Result.succeed(value)
}
