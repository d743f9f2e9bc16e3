import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { canonical } from "@parley/domain/CanonicalJson"
import { type Keyword, modern, names as namesIn } from "../sdk/OlderDrafts.ts"
import { plainLine } from "@parley/domain/VisibleText"
import { holdsValues, isRegularExpression, isSound } from "./SchemaValues.ts"
import { isObject, type JsonObject, pointed, tokensOf } from "../text/Subschemas.ts"

type Path = ReadonlyArray<string>

/** New names of input properties, keyed by the server's names. */
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
/** Keywords whose subschemas apply to the same value, and hence to the same properties. */
const inPlace = new Set(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])

const naming = new Set(["$id", "id", "$anchor", "$dynamicAnchor"])
const references = new Set(["$ref", "$dynamicRef"])

const keyOf = (path: Path): string => JSON.stringify(path)
const pointerTo = (path: Path): string =>
  ["#", ...path.map((token) => encodeURIComponent(token.replaceAll("~", "~0").replaceAll("/", "~1")))].join("/")

/** The location of one schema in the server's document (`from`) and in the translated one (`to`). */
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

class Translation {
  readonly problems: Array<string> = []
  /** The new location of each schema, keyed by its old one. */
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

  /** Null counts as an absent schema, which accepts everything. */
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

  /** The value of an unknown keyword. References may point into it. Keywords that would name its parts are removed. */
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
      // In a tuple, positions are significant.
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
    // The validators that providers use do not find an anchor within a tuple, so references to it would be dangling.
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
 * Translates a schema to JSON Schema 2020-12, or fails with the reason. Accepts drafts 3 to 2019-09 and OpenAPI 3.0. Null
 * counts as absent, and malformed keywords that only restrict or describe are dropped. References are updated when their
 * targets move. Input properties are renamed according to `names`. The schema must have passed `boundJson`.
 */
export const translated = (root: JsonObject, names: Names = noNames): Result.Result<JsonObject, string> => {
  const place = { from: [], to: [], names }
  const first = new Translation(root)
  first.schema(root, place)
  const second = new Translation(root, first.moved.set(keyOf([]), []))
  const schema = second.schema(root, place)
  const [problem] = second.problems
  if (problem !== undefined) return Result.fail(problem)
  if (canonical(schema) === canonical(root)) return Result.succeed(root)
  // `$schema` names the draft that the server used, which no longer applies.
  const { $schema: _draft, ...rest } = schema
  return Result.succeed(rest)
}
