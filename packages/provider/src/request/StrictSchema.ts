import type { OutputSchema } from "@parley/domain/OutputSchema"
import type * as Schema from "effect/Schema"

type Value = Schema.Json | undefined

export const isObject = (value: Value): value is OutputSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const isPrimitive = (value: Value): boolean => typeof value !== "object" || value === null

/** What a provider's strict mode takes besides the subset that all of them take. */
export interface Dialect {
  /** How many properties in all may be optional. */
  readonly optional: number
  /** How many parts in all may have alternatives. */
  readonly unions: number
  /** How deep objects and lists may be nested. */
  readonly depth: number
  /** Whether a schema may refer to itself. */
  readonly recursive: boolean
}

const definitions = ["$defs", "definitions"]
/** Keywords that are translated, and those that mean nothing to a model. All others are written into the description. */
const translated = new Set(["type", "enum", "const", "anyOf", "oneOf", "properties", "required", "items"])
const silent = new Set(["title", "description", "additionalProperties", ...definitions, "$schema", "$id", "$comment"])

const typed = (type: Value): OutputSchema => (typeof type === "string" ? { type } : {})

const referencesIn = (value: Value): ReadonlyArray<string> => {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : referencesIn(inner)
  )
}

/** What the model is told of the keywords that providers do not hold a response to. */
const wordsOf = (schema: OutputSchema): string => {
  const hints = Object.entries(schema)
    .filter(([key]) => !translated.has(key) && !silent.has(key))
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  const { description } = schema
  return [
    ...(typeof description === "string" ? [description] : []),
    ...(hints.length === 0 ? [] : [`{${hints.join(", ")}}`])
  ].join("\n\n")
}

class Translation {
  /** Whether the schema has a strict form, as far as it was read. */
  fits = true
  private optional = 0
  private unions = 0
  private depth = 0
  private readonly dialect: Dialect
  private readonly root: OutputSchema
  private readonly open = new Set<string>()
  private readonly followed = new Set<string>()

  constructor(dialect: Dialect, root: OutputSchema) {
    this.dialect = dialect
    this.root = root
  }

  schema(given: Value): OutputSchema {
    if (!isObject(given)) return this.unfit()
    const schema = this.flat(given)
    if (typeof schema["$ref"] === "string") {
      if (!this.dialect.recursive) this.follow(schema["$ref"])
      return { $ref: schema["$ref"] }
    }
    const words = wordsOf(schema)
    if (++this.depth > this.dialect.depth) return this.unfit()
    const body = this.body(schema)
    this.depth--
    if (body["anyOf"] !== undefined && ++this.unions > this.dialect.unions) return this.unfit()
    return {
      ...body,
      ...(typeof schema["title"] === "string" ? { title: schema["title"] } : {}),
      ...(words === "" ? {} : { description: words })
    }
  }

  private unfit(): OutputSchema {
    this.fits = false
    return {}
  }

  /** A part of `allOf` that only adds restrictions is written into the schema itself, where no keyword may be there twice. */
  private flat(schema: OutputSchema): OutputSchema {
    const { allOf, ...rest } = schema
    if (!Array.isArray(allOf)) return schema
    const parts = allOf.map((part: Schema.Json) => (isObject(part) ? this.flat(part) : this.unfit()))
    const members = [rest, ...parts].flatMap((part) => Object.entries(part))
    const merged = Object.fromEntries(members)
    return Object.keys(merged).length < members.length ? this.unfit() : merged
  }

  private body(schema: OutputSchema): OutputSchema {
    const { anyOf, const: only, enum: allowed, items, oneOf, type } = schema
    if (Array.isArray(allowed)) return allowed.every(isPrimitive) ? { ...typed(type), enum: allowed } : this.unfit()
    if (only !== undefined) return isPrimitive(only) ? { ...typed(type), const: only } : this.unfit()
    if (anyOf !== undefined && oneOf !== undefined) return this.unfit()
    const alternatives = anyOf ?? oneOf
    if (Array.isArray(alternatives)) return { anyOf: alternatives.map((one: Schema.Json) => this.schema(one)) }
    if (Array.isArray(type)) return { anyOf: type.map((one: Schema.Json) => this.body({ ...schema, type: one })) }
    if (type === "object") return this.object(schema)
    if (type === "array") return { type, items: this.schema(items) }
    return typeof type === "string" ? { type } : this.unfit()
  }

  private object({ additionalProperties, properties = {}, required = [] }: OutputSchema): OutputSchema {
    if (!isObject(properties) || !Array.isArray(required)) return this.unfit()
    const names = Object.keys(properties)
    // Without declared properties, an object that allows no others would always be empty.
    const isOpen = additionalProperties !== false && (names.length === 0 || isObject(additionalProperties))
    if (isOpen || required.some((name: Schema.Json) => typeof name !== "string" || !names.includes(name)))
      return this.unfit()
    this.optional += names.filter((name) => !required.includes(name)).length
    if (this.optional > this.dialect.optional) return this.unfit()
    return {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, this.schema(properties[name])])),
      required,
      additionalProperties: false
    }
  }

  /** Follows a reference through the definitions; one that leads back to itself has no strict form. */
  private follow(reference: string): void {
    if (this.followed.has(reference)) return
    const [key = "", name = "", more] = reference.slice(2).split("/")
    const target = definitions.includes(key) && more === undefined ? this.root[key] : undefined
    if (!isObject(target) || this.open.has(reference)) {
      this.unfit()
      return
    }
    this.open.add(reference)
    for (const inner of referencesIn(target[name])) this.follow(inner)
    this.open.delete(reference)
    this.followed.add(reference)
  }
}

/**
 * The schema in the subset that providers hold a response to: no open objects, and no restrictions of numbers and texts. Every
 * value of it has the structure that the schema demands; what else the schema demands is written into descriptions, and
 * the engine checks it. Undefined if the schema has no such form.
 */
export const strict = (schema: OutputSchema, dialect: Dialect): OutputSchema | undefined => {
  const translation = new Translation(dialect, schema)
  const body = translation.schema(schema)
  const shared = definitions.flatMap((key) => {
    const all = schema[key]
    if (!isObject(all)) return []
    const own = Object.entries(all).map(([name, one]) => [name, translation.schema(one)] as const)
    return [[key, Object.fromEntries(own)] as const]
  })
  return translation.fits ? { ...body, ...Object.fromEntries(shared) } : undefined
}
