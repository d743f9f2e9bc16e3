import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { canonical } from "@parley/domain/CanonicalJson"
import { type Keyword, modern, names as namesIn } from "./OlderDrafts.ts"
import { plainLine } from "./PlainText.ts"
import { holdsValues, isRegularExpression, isSound } from "./SchemaValues.ts"
import { isObject, type JsonObject, pointed, tokensOf } from "./Subschemas.ts"

type Path = ReadonlyArray<string>

/** What properties of the input are called instead, by their own names. */
export type Names = ReadonlyMap<string, string>
const noNames: Names = new Map()

const single = new Set([
  "items",
  "not",
  "if",
  "then",
  "else",
  "contains",
  "propertyNames",
  "contentSchema",
  "additionalProperties",
  "unevaluatedProperties",
  "unevaluatedItems"
])
const lists = new Set(["allOf", "anyOf", "oneOf", "prefixItems"])
const byName = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
/** What is applied to the same value, so that it speaks of the same properties. */
const inPlace = new Set(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])

const naming = new Set(["$id", "id", "$anchor", "$dynamicAnchor"])
const references = new Set(["$ref", "$dynamicRef"])

const keyOf = (path: Path): string => JSON.stringify(path)
const pointerTo = (path: Path): string =>
  ["#", ...path.map((token) => encodeURIComponent(token.replaceAll("~", "~0").replaceAll("/", "~1")))].join("/")

/** One schema, where it stood in the server's words (`from`), and where it stands now (`to`). */
interface Place {
  readonly from: Path
  readonly to: Path
  readonly names: Names
}

const referencesIn = (value: Schema.Json): ReadonlyArray<string> =>
  Array.isArray(value)
    ? value.flatMap(referencesIn)
    : isObject(value)
      ? Object.entries(value).flatMap(([key, inner]) =>
          references.has(key) && typeof inner === "string" && inner.startsWith("#/") ? [inner] : referencesIn(inner)
        )
      : []

type Value = Schema.Json | undefined

class Mending {
  readonly problems: Array<string> = []
  /** Where each schema has gone, by where it was. */
  readonly moved = new Map<string, Path>()
  private readonly anchors = new Set<string>()
  private readonly root: JsonObject
  private readonly targets: ReadonlySet<string>
  private readonly known: ReadonlyMap<string, Path> | undefined

  constructor(root: JsonObject, known?: ReadonlyMap<string, Path>) {
    this.root = root
    this.targets = new Set(referencesIn(root).map((reference) => keyOf(tokensOf(reference.slice(1)))))
    this.known = known
  }

  schema(schema: JsonObject, at: Place): JsonObject {
    const isRoot = at.from.length === 0
    return Object.fromEntries(
      modern(schema, isRoot).flatMap((keyword): Array<[string, Schema.Json]> => {
        if (keyword.key === "$schema")
          return isRoot && typeof keyword.value === "string" ? [["$schema", keyword.value]] : []
        const value = this.value(keyword, at)
        return value === undefined ? [] : [[keyword.key, value]]
      })
    )
  }

  /** Null says nothing, so that everything fits. */
  private child(key: string, value: Schema.Json, at: Place): Schema.Json {
    this.moved.set(keyOf(at.from), at.to)
    if (typeof value === "boolean") return value
    if (value === null) return {}
    if (isObject(value)) return this.schema(value, at)
    this.problems.push(`has something under ${key} that is no schema`)
    return {}
  }

  private value({ key, value, was }: Keyword, { from, names, to }: Place): Value {
    const at = { from: [...from, was], to: [...to, key], names: inPlace.has(key) ? names : noNames }
    if (holdsValues(key)) return isSound(key, value) ? value : undefined
    if (single.has(key)) return value === null ? undefined : this.child(key, value, at)
    if (lists.has(key)) return this.list(key, value, at)
    if (byName.has(key)) return this.named(key, value, at, names)
    const own = (name: string) => names.get(name) ?? name
    switch (key) {
      case "$anchor":
      case "$dynamicAnchor":
        return this.anchor(key, value, at.to)
      case "$ref":
      case "$dynamicRef":
        return value === null ? undefined : this.reference(value)
      case "type":
        return value === null ? undefined : Array.isArray(value) ? [...new Set<Schema.Json>(value)] : value
      case "required":
        return value === null ? undefined : namesIn(value).map(own)
      case "dependentRequired":
        return isObject(value)
          ? Object.fromEntries(Object.entries(value).map(([name, needs]) => [own(name), namesIn(needs).map(own)]))
          : undefined
      default:
        return isSound(key, value) ? this.other(value, at) : undefined
    }
  }

  /** No keyword, which may still hold what a reference leads to. What would give parts of it a name is taken out. */
  private other(value: Schema.Json, at: Place): Schema.Json {
    if (this.targets.has(keyOf(at.from))) return this.child("a reference", value, at)
    const inside = (step: string, inner: Schema.Json) =>
      this.other(inner, { ...at, from: [...at.from, step], to: [...at.to, step] })
    if (Array.isArray(value)) return value.map((item: Schema.Json, index) => inside(String(index), item))
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) => (naming.has(key) ? [] : [[key, inside(key, inner)]]))
    )
  }

  private list(key: string, value: Schema.Json, at: Place): Value {
    if (value === null) return undefined
    if (!Array.isArray(value)) return void this.problems.push(`has something under ${key} that is no list`)
    const kept: Array<Schema.Json> = []
    value.forEach((item: Schema.Json, index) => {
      // In a tuple each place counts.
      if (item === null && key !== "prefixItems") return
      const place = { ...at, from: [...at.from, String(index)], to: [...at.to, String(kept.length)] }
      kept.push(this.child(key, item, place))
    })
    return kept.length === 0 ? undefined : kept
  }

  private named(key: string, value: Schema.Json, at: Place, names: Names): Value {
    if (value === null) return undefined
    if (!isObject(value)) return void this.problems.push(`has something under ${key} that is no object`)
    const renames = key === "properties" || key === "dependentSchemas" ? names : noNames
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, inner]): Array<[string, Schema.Json]> => {
        if (key === "patternProperties" && !isRegularExpression(name)) return []
        const now = renames.get(name) ?? name
        return [[now, this.child(key, inner, { ...at, from: [...at.from, name], to: [...at.to, now] })]]
      })
    )
  }

  private anchor(key: string, value: Schema.Json, to: Path): Value {
    // Validators that providers use do not find one in a tuple: what refers to it leads nowhere there.
    if (typeof value !== "string" || !isSound(key, value) || to.includes("prefixItems")) return undefined
    if (this.anchors.has(value)) this.problems.push(`has two parts called ${plainLine(value, 80)}`)
    this.anchors.add(value)
    return value
  }

  private reference(reference: Schema.Json): Schema.Json {
    if (this.known === undefined || typeof reference !== "string" || !reference.startsWith("#/")) return reference
    const tokens = tokensOf(reference.slice(1))
    const now = this.known.get(keyOf(tokens))
    if (now !== undefined) return keyOf(now) === keyOf(tokens) ? reference : pointerTo(now)
    if (pointed(this.root, tokens) !== undefined)
      this.problems.push(`has a reference to what is no schema (${plainLine(reference, 80)})`)
    return reference
  }
}

/**
 * A schema in the words of JSON Schema 2020-12, or why there is none. What drafts 3 to 2019-09 and OpenAPI 3.0 say otherwise is
 * translated, null is taken for absent, what only narrows or describes and is malformed is left out. References go along
 * with what they lead to. The properties of the input get new names where `names` has one. The schema must have been bounded.
 */
export const mended = (root: JsonObject, names: Names = noNames): Result.Result<JsonObject, string> => {
  const place = { from: [], to: [], names }
  const first = new Mending(root)
  first.schema(root, place)
  const second = new Mending(root, first.moved.set(keyOf([]), []))
  const schema = second.schema(root, place)
  const [problem] = second.problems
  if (problem !== undefined) return Result.fail(problem)
  if (canonical(schema) === canonical(root)) return Result.succeed(root)
  // It says which draft the server wrote, and that is no longer so.
  const { $schema: _draft, ...rest } = schema
  return Result.succeed(rest)
}
