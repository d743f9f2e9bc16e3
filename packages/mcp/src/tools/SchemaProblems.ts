import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { headerProblem } from "./HeaderDeclarations.ts"
import { plainLine } from "@parley/domain/VisibleText"
import { inPlace, isObject, type JsonObject, resolver, subschemas } from "../text/Subschemas.ts"

const types = new Set(["null", "boolean", "object", "array", "number", "integer", "string"])

const isType = (value: Schema.Json): boolean =>
  typeof value === "string" ? types.has(value) : Array.isArray(value) && value.length > 0 && value.every(isType)

/** How many references and in-place subschemas may follow each other without descending into the value. */
const maxSteps = 100

type Follow = ReturnType<typeof resolver>

/**
 * Whether a check of one value could return to the same schema with the same value, as with `{"$ref": "#"}`. A schema that
 * refers to itself for a part of the value, such as the schema of a tree, terminates with the value.
 */
const goesInCircles = (all: ReadonlyArray<JsonObject>, follow: Follow): boolean => {
  const open = new Set<JsonObject>()
  const done = new Set<JsonObject>()
  const visit = (schema: JsonObject, steps: number): boolean => {
    if (open.has(schema) || steps > maxSteps) return true
    if (done.has(schema)) return false
    open.add(schema)
    const target = typeof schema["$ref"] === "string" ? follow(schema["$ref"]) : undefined
    const next = isObject(target) ? [...inPlace(schema), target] : inPlace(schema)
    if (next.some((schema) => visit(schema, steps + 1))) return true
    open.delete(schema)
    done.add(schema)
    return false
  }
  return all.some((schema) => schema["$ref"] !== undefined && visit(schema, 0))
}

const referenceProblem = (follow: Follow, reference: Schema.Json): string | undefined => {
  const shown = typeof reference === "string" ? plainLine(reference, 80) : "not a text"
  // Nothing is ever fetched for a schema, so the target of such a reference is unknown.
  if (typeof reference !== "string" || !reference.startsWith("#")) return `refers to something elsewhere (${shown})`
  return follow(reference) === undefined ? `has a reference that leads nowhere (${shown})` : undefined
}

const problemOf = (follow: Follow, schema: JsonObject): string | undefined => {
  if (schema["type"] !== undefined && !isType(schema["type"])) return "has a type that does not exist"
  for (const key of ["$ref", "$dynamicRef", "$recursiveRef"]) {
    const reference = schema[key]
    const problem = reference === undefined ? undefined : referenceProblem(follow, reference)
    if (problem !== undefined) return problem
  }
  return undefined
}

/**
 * Why a schema cannot be used; `undefined` if it can. Problems are an unknown type, an external, dangling or cyclic
 * reference, and a header declaration that the protocol forbids. The schema must have passed `boundJson`.
 */
export const problemOfSchema = (root: JsonObject): string | undefined => {
  const all = subschemas(root)
  const follow = resolver(root, all)
  for (const schema of all) {
    const problem = problemOf(follow, schema)
    if (problem !== undefined) return problem
  }
  return goesInCircles(all, follow) ? "has a reference that goes in a circle" : headerProblem(root)
}

const compiles = (pattern: string): boolean =>
  ["u", ""].some((flags) => Result.isSuccess(Result.try(() => new RegExp(pattern, flags))))

// Keywords that contain plain data, not schemas.
const values = new Set(["const", "enum", "default", "examples"])

/**
 * The schema without patterns that are not valid regular expressions in JavaScript: a provider may reject every request that
 * contains one. Slow patterns are kept, since they are only evaluated under a time limit.
 */
export const withoutBadPatterns = (schema: JsonObject): JsonObject => {
  const copy = (value: Schema.Json): Schema.Json =>
    Array.isArray(value) ? value.map(copy) : isObject(value) ? withoutBadPatterns(value) : value
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) => {
      if (values.has(key)) return [[key, value]]
      if (key === "pattern" && typeof value === "string" && !compiles(value)) return []
      if (key === "patternProperties" && isObject(value))
        return [
          [
            key,
            Object.fromEntries(
              Object.entries(value)
                .filter(([key]) => compiles(key))
                .map(([key, child]) => [key, copy(child)])
            )
          ]
        ]
      return [[key, copy(value)]]
    })
  )
}
