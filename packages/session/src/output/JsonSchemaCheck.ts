import { canonical } from "@parley/domain/CanonicalJson"
import type { OutputProblem, OutputSchema } from "@parley/domain/OutputSchema"
import type * as Schema from "effect/Schema"
import { at, follow, isObject } from "./JsonSchemaParts.ts"

/** How many problems are looked for. A model needs to know the first ones only. */
const most = 20
/** How many schemas one check may apply, so that nested alternatives cannot take for ever. */
const maxSteps = 500_000

type Value = Schema.Json
type Found = Array<OutputProblem>

const typeOf = (value: Value): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  return typeof value
}
const isOf = (type: Value, value: Value): boolean =>
  type === "integer" ? Number.isInteger(value) : typeOf(value) === type

/** The values as JSON, so that no text of the schema is ambiguous. */
const shown = (values: ReadonlyArray<Value>): string => {
  const text = values.map(canonical).join(", ")
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`
}

const numberOf = (value: Value | undefined): number | undefined => (typeof value === "number" ? value : undefined)

const isMultiple = (value: number, of: number): boolean => {
  const times = value / of
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times))
}

class Check {
  private steps = 0
  private readonly root: OutputSchema

  constructor(root: OutputSchema) {
    this.root = root
  }

  visit(schema: Value | undefined, value: Value, path: string, found: Found): void {
    if (found.length >= most || schema === undefined || schema === true) return
    const say = (problem: string) => void found.push({ path, problem })
    if (schema === false) return say("nothing is allowed here")
    if (!isObject(schema)) return
    if (++this.steps > maxSteps) return say("the answer is too large to be checked against this schema")
    if (typeof schema["$ref"] === "string") this.visit(follow(this.root, schema["$ref"]), value, path, found)
    this.kind(schema, value, say)
    if (typeof value === "number") this.number(schema, value, say)
    else if (typeof value === "string") this.text(schema, value, say)
    else if (Array.isArray(value)) this.list(schema, value, path, found)
    else if (isObject(value)) this.object(schema, value, path, found)
    this.applied(schema, value, path, found)
  }

  private fits(schema: Value | undefined, value: Value): boolean {
    return this.problems(schema, value, "").length === 0
  }

  private problems(schema: Value | undefined, value: Value, path: string): Found {
    const found: Found = []
    this.visit(schema, value, path, found)
    return found
  }

  private kind(schema: OutputSchema, value: Value, say: (problem: string) => void): void {
    const { const: only, enum: allowed, type } = schema
    const wanted = type === undefined ? [] : Array.isArray(type) ? type : [type]
    if (wanted.length > 0 && !wanted.some((one: Value) => isOf(one, value)))
      say(`expected ${wanted.join(" or ")}, found ${typeOf(value)}`)
    if (only !== undefined && canonical(only) !== canonical(value)) say(`expected ${shown([only])}`)
    if (Array.isArray(allowed) && !allowed.some((one: Value) => canonical(one) === canonical(value)))
      say(`expected one of ${shown(allowed)}`)
  }

  private number(schema: OutputSchema, value: number, say: (problem: string) => void): void {
    const limit = (keyword: string) => numberOf(schema[keyword])
    const [minimum, maximum] = [limit("minimum"), limit("maximum")]
    const [above, below] = [limit("exclusiveMinimum"), limit("exclusiveMaximum")]
    const multiple = limit("multipleOf")
    if (minimum !== undefined && value < minimum) say(`expected a number of at least ${minimum}`)
    if (maximum !== undefined && value > maximum) say(`expected a number of at most ${maximum}`)
    if (above !== undefined && value <= above) say(`expected a number above ${above}`)
    if (below !== undefined && value >= below) say(`expected a number below ${below}`)
    if (multiple !== undefined && !isMultiple(value, multiple)) say(`expected a multiple of ${multiple}`)
  }

  private text(schema: OutputSchema, value: string, say: (problem: string) => void): void {
    const [shortest, longest] = [numberOf(schema["minLength"]), numberOf(schema["maxLength"])]
    // The standard counts characters, not UTF-16 units.
    const length = shortest === undefined && longest === undefined ? 0 : Array.from(value).length
    if (shortest !== undefined && length < shortest) say(`expected at least ${shortest} characters`)
    if (longest !== undefined && length > longest) say(`expected at most ${longest} characters`)
    const { pattern } = schema
    if (typeof pattern === "string" && !new RegExp(pattern, "u").test(value)) say(`expected a text like /${pattern}/`)
  }

  private list(schema: OutputSchema, value: ReadonlyArray<Value>, path: string, found: Found): void {
    const say = (problem: string) => void found.push({ path, problem })
    const { additionalItems, contains, items, prefixItems } = schema
    const first = Array.isArray(items) ? items : Array.isArray(prefixItems) ? prefixItems : []
    const rest = Array.isArray(items) ? additionalItems : items
    for (const [i, item] of value.entries()) this.visit(i < first.length ? first[i] : rest, item, at(path, i), found)
    const [fewest, longest] = [numberOf(schema["minItems"]), numberOf(schema["maxItems"])]
    if (fewest !== undefined && value.length < fewest) say(`expected at least ${fewest} items`)
    if (longest !== undefined && value.length > longest) say(`expected at most ${longest} items`)
    if (schema["uniqueItems"] === true && new Set(value.map(canonical)).size < value.length)
      say("expected items that differ from each other")
    if (contains === undefined) return
    const fitting = value.filter((item) => this.fits(contains, item)).length
    const [least, limit] = [numberOf(schema["minContains"]) ?? 1, numberOf(schema["maxContains"]) ?? Infinity]
    if (fitting < least) say(`expected at least ${least} items that match "contains"`)
    if (fitting > limit) say(`expected at most ${limit} items that match "contains"`)
  }

  private object(schema: OutputSchema, value: OutputSchema, path: string, found: Found): void {
    const say = (problem: string) => void found.push({ path, problem })
    const { additionalProperties, dependentRequired, patternProperties, properties, propertyNames, required } = schema
    const names = Object.keys(value)
    const demand = (wanted: Value | undefined) => {
      if (!Array.isArray(wanted)) return
      for (const name of wanted)
        if (typeof name === "string" && !Object.hasOwn(value, name))
          say(`the property ${JSON.stringify(name)} is missing`)
    }
    demand(required)
    const patterns = isObject(patternProperties)
      ? Object.entries(patternProperties).map(([pattern, inner]) => [new RegExp(pattern, "u"), inner] as const)
      : []
    for (const name of names) {
      const own = isObject(properties) && Object.hasOwn(properties, name) ? [properties[name]] : []
      const matching = patterns.filter(([pattern]) => pattern.test(name)).map(([, inner]) => inner)
      const applying = [...own, ...matching]
      if (applying.length === 0 && additionalProperties === false)
        say(`the property ${JSON.stringify(name)} is not allowed`)
      const inner = value[name] ?? null
      for (const one of applying.length === 0 ? [additionalProperties] : applying)
        if (one !== false || applying.length > 0) this.visit(one, inner, at(path, name), found)
      if (propertyNames !== undefined && !this.fits(propertyNames, name))
        say(`${JSON.stringify(name)} is not allowed as the name of a property`)
      if (isObject(dependentRequired) && Object.hasOwn(dependentRequired, name)) demand(dependentRequired[name])
    }
    const [fewest, longest] = [numberOf(schema["minProperties"]), numberOf(schema["maxProperties"])]
    if (fewest !== undefined && names.length < fewest) say(`expected at least ${fewest} properties`)
    if (longest !== undefined && names.length > longest) say(`expected at most ${longest} properties`)
  }

  /** The keywords that apply other schemas to the same value. */
  private applied(schema: OutputSchema, value: Value, path: string, found: Found): void {
    const { allOf, anyOf, dependentSchemas, else: otherwise, if: condition, not, oneOf, then } = schema
    if (Array.isArray(allOf)) for (const one of allOf) this.visit(one, value, path, found)
    for (const choice of [anyOf, oneOf]) if (Array.isArray(choice)) this.choice(choice, value, path, found)
    const only = Array.isArray(oneOf) ? oneOf.filter((one: Value) => this.fits(one, value)).length : 1
    if (only > 1) found.push({ path, problem: `matches ${only} of the alternatives, but only one may match` })
    if (not !== undefined && this.fits(not, value)) found.push({ path, problem: "matches what the schema excludes" })
    if (condition !== undefined) this.visit(this.fits(condition, value) ? then : otherwise, value, path, found)
    if (isObject(dependentSchemas) && isObject(value))
      for (const [name, one] of Object.entries(dependentSchemas))
        if (Object.hasOwn(value, name)) this.visit(one, value, path, found)
  }

  /** If no alternative matches, the problems of the closest one are the most useful to know. */
  private choice(alternatives: ReadonlyArray<Value>, value: Value, path: string, found: Found): void {
    let closest: Found | undefined
    for (const one of alternatives) {
      const problems = this.problems(one, value, path)
      if (problems.length === 0) return
      if (closest === undefined || problems.length < closest.length) closest = problems
    }
    if (alternatives.length > 1)
      found.push({ path, problem: `matches none of the ${alternatives.length} alternatives` })
    found.push(...(closest ?? []).slice(0, most - found.length))
  }
}

/** What is wrong with a value, by a schema that `JsonSchemaForm.read` accepted. Empty if nothing is. */
export const problems = (schema: OutputSchema, value: Value): ReadonlyArray<OutputProblem> => {
  const found: Found = []
  new Check(schema).visit(schema, value, "", found)
  return found.slice(0, most)
}
