/** Draws schemas as servers write them, right and wrong, in all drafts: the same ones for the same seed. */

const generator = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const plainKeys = "a b type required enum default properties $ref nullable id constructor __proto__".split(" ")
const oddKeys = [
  "$filter",
  "filter",
  "page[size]",
  "größe",
  "名前",
  "a b",
  "",
  "@type",
  "k".repeat(70),
  "x/y~z",
  "%24",
  "a\u200bb"
]
const keys = [...plainKeys, ...oddKeys]
const wrong: ReadonlyArray<unknown> = [null, true, false, 0, -1, 1.5, "", "x", [], {}, [null], [1, "a"], { a: 1 }]
const patterns = ["^a+$", "(", "[\\w-.]", "(?<n>a)", "\\p{L}", "(?P<x>a)", 7]
const references = [
  "#",
  "#/properties/a",
  "#/$defs/a",
  "#/definitions/b",
  "#/properties/%24filter",
  "#/items/0",
  "#a",
  "x.json"
]
const constraints = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minLength",
  "maxItems",
  "multipleOf",
  "uniqueItems"
]
const prose = [
  "title",
  "description",
  "$comment",
  "format",
  "$schema",
  "x-extra",
  "deprecated",
  "examples",
  "nullable",
  "$async"
]

export const oddSchemas = (seed: number, count = 3): ReadonlyArray<unknown> => {
  const random = generator(seed)
  const pick = <A>(from: ReadonlyArray<A>): A | undefined => from[Math.floor(random() * from.length)]
  const often = (chance: number) => random() < chance

  const named = (depth: number) =>
    Object.fromEntries(Array.from({ length: 1 + Math.floor(random() * 4) }, () => [pick(keys) ?? "a", schema(depth)]))
  const list = (depth: number) => Array.from({ length: Math.floor(random() * 3) }, () => schema(depth))

  const makers: ReadonlyArray<(depth: number) => readonly [string, unknown]> = [
    () => ["type", pick(["string", "object", "array", "integer", "any", ["string", "null"], ["string", "string"]])],
    (depth) => ["properties", named(depth)],
    (depth) => ["properties", named(depth)],
    (depth) => [pick(["$defs", "definitions", "patternProperties", "dependentSchemas"]) ?? "$defs", named(depth)],
    () => ["required", pick([true, false, ["a"], ["a", "a"], "a", ["$filter", "b"], []])],
    (depth) => ["items", often(0.5) ? list(depth) : schema(depth)],
    (depth) => [
      pick(["additionalItems", "additionalProperties", "not", "if", "then", "contains"]) ?? "not",
      schema(depth)
    ],
    (depth) => [pick(["anyOf", "oneOf", "allOf", "prefixItems"]) ?? "anyOf", list(depth)],
    (depth) => ["dependencies", { a: ["b", "b"], $filter: schema(depth), c: pick(wrong) }],
    () => ["dependentRequired", { a: ["$filter"], $filter: ["a", "a"] }],
    () => ["enum", pick([[], ["a"], [null], [1, 1], ["a", { $ref: "#nowhere" }]])],
    () => [pick(["const", "default"]) ?? "const", pick(wrong)],
    () => [pick(constraints) ?? "minimum", pick([0, 1, 2.5, -1, true, false, "3"])],
    () => ["pattern", pick(patterns)],
    () => ["$ref", pick(references)],
    () => [
      pick(["$id", "id", "$anchor", "$dynamicAnchor"]) ?? "id",
      pick(["#a", "a", "b", "http://example.org/x", "a b", 3])
    ],
    () => [pick(["$recursiveRef", "$recursiveAnchor", "$vocabulary"]) ?? "$vocabulary", pick(["#", true, {}])],
    () => [pick(prose) ?? "title", pick([...wrong, { $id: "u", properties: 3 }, "words"])],
    () => [pick([...keys, ...constraints, "items", "anyOf", "properties", "type"]) ?? "a", pick(wrong)]
  ]
  const schema = (depth: number): unknown => {
    if (depth <= 0 || often(0.08)) return pick([{}, {}, true, false, { type: "string" }, ...(often(0.2) ? wrong : [])])
    return Object.fromEntries(
      Array.from({ length: Math.floor(random() * 5) }, () => pick(makers)?.(depth - 1) ?? ["a", 1])
    )
  }
  const root = (): unknown => {
    const made = schema(3)
    return typeof made === "object" && made !== null && often(0.95) ? { ...made, type: "object" } : made
  }
  return Array.from({ length: count }, root)
}
