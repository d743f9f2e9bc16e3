import { assert, describe, it } from "@effect/vitest"
import type { Schema } from "effect"
import { holdsValues, isRegularExpression, isSound } from "../src/tools/SchemaValues.ts"

type Values = ReadonlyArray<Schema.Json>

const texts: readonly [Values, Values] = [
  ["", "x"],
  [7, null, ["x"]]
]
const booleans: readonly [Values, Values] = [
  [true, false],
  ["true", 1, null]
]
const numbers: readonly [Values, Values] = [
  [0, -1.5, 1e300],
  ["1", true, null]
]
const counts: readonly [Values, Values] = [
  [0, 1, 2 ** 53 - 1],
  [-1, 0.5, 2 ** 53, "1", null]
]

const keywords: { readonly [key: string]: readonly [sound: Values, unsound: Values] } = {
  title: texts,
  description: texts,
  $comment: texts,
  format: texts,
  contentEncoding: texts,
  contentMediaType: texts,
  uniqueItems: booleans,
  deprecated: booleans,
  readOnly: booleans,
  writeOnly: booleans,
  minimum: numbers,
  maximum: numbers,
  exclusiveMinimum: numbers,
  exclusiveMaximum: numbers,
  minLength: counts,
  maxLength: counts,
  minItems: counts,
  maxItems: counts,
  minProperties: counts,
  maxProperties: counts,
  minContains: counts,
  maxContains: counts,
  multipleOf: [
    [0.1, 3],
    [0, -1, "1"]
  ],
  pattern: [
    ["^a+$", ""],
    ["(", "a{2,1}", 7, null]
  ],
  examples: [
    [[], [1]],
    [{}, "x", null]
  ],
  enum: [
    [["a"], [null]],
    [[], "a", {}]
  ],
  $anchor: [
    ["a", "_b-1.c"],
    ["", "1a", "a b", "a#", 7]
  ],
  $dynamicAnchor: [["meta"], ["-a", "a/b", null]]
}

describe("the value of a keyword", () => {
  for (const [key, [sound, unsound]] of Object.entries(keywords))
    it(`of ${key} is validated`, () => {
      for (const value of sound) assert.isTrue(isSound(key, value), JSON.stringify(value))
      for (const value of unsound) assert.isFalse(isSound(key, value), JSON.stringify(value))
    })

  it("may be anything for an unknown keyword", () => {
    for (const key of ["x-mine", "constructor", "const", "default"]) assert.isTrue(isSound(key, null), key)
  })

  it("is plain data, not a schema, for four keywords", () => {
    const keys = ["const", "default", "enum", "examples", "properties", "items", "title", "not"]
    assert.deepStrictEqual(keys.filter(holdsValues), ["const", "default", "enum", "examples"])
  })

  it("is a pattern only if it is a valid Unicode regular expression", () => {
    assert.isTrue(isRegularExpression("\\p{L}+"))
    assert.isFalse(isRegularExpression("\\p{L"))
    assert.isFalse(isRegularExpression("\\-"))
  })
})
