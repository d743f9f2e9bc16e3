import { assert, describe, it } from "@effect/vitest"
import type { OutputSchema } from "@parley/domain/OutputSchema"
import { strict } from "../src/request/StrictSchema.ts"

const closed = { optional: 0, unions: 9, depth: 9, recursive: true }
const loose = { optional: 2, unions: 2, depth: 9, recursive: false }

const object = (properties: OutputSchema, more: OutputSchema = {}): OutputSchema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  ...more
})
const text = { type: "string" }

/** What is sent of a property with this schema. */
const sent = (schema: OutputSchema) => strict(object({ a: schema }), closed)?.["properties"]

describe("the strict form of a schema", () => {
  it("closes objects, and requires what the schema requires", () => {
    const inner = object({ b: text })
    assert.deepStrictEqual(strict(object({ a: inner }), closed), {
      type: "object",
      properties: { a: { ...inner, additionalProperties: false } },
      required: ["a"],
      additionalProperties: false
    })
  })

  const forms: ReadonlyArray<readonly [OutputSchema, OutputSchema]> = [
    [
      { type: "integer", minimum: 1, description: "Years" },
      { type: "integer", description: "Years\n\n{minimum: 1}" }
    ],
    [
      { ...text, title: "T", format: "date", examples: ["x"] },
      { ...text, title: "T", description: '{format: "date", examples: ["x"]}' }
    ],
    [
      { ...text, allOf: [{ minLength: 1 }, { maxLength: 3 }] },
      { ...text, description: "{minLength: 1, maxLength: 3}" }
    ],
    [{ type: ["string", "null"] }, { anyOf: [text, { type: "null" }] }],
    [{ oneOf: [text, { type: "null" }] }, { anyOf: [text, { type: "null" }] }],
    [{ enum: ["a", 1, null] }, { enum: ["a", 1, null] }],
    [
      { ...text, const: "a", $comment: "c" },
      { ...text, const: "a" }
    ],
    [
      { type: "array", items: text, minItems: 2 },
      { type: "array", items: text, description: "{minItems: 2}" }
    ]
  ]
  for (const [schema, form] of forms)
    it(JSON.stringify(schema), () => assert.deepStrictEqual(sent(schema), { a: form }))

  const none: ReadonlyArray<OutputSchema> = [
    {},
    { type: "array" },
    { type: "object" },
    { type: "object", additionalProperties: text },
    object({ b: text }, { additionalProperties: text }),
    object({ b: text }, { required: ["b", "c"] }),
    object({ b: text }, { required: [] }),
    { enum: [{}] },
    { const: [] },
    { anyOf: [text], oneOf: [text] },
    { anyOf: [true] },
    { ...text, allOf: [{ type: "string" }] },
    { ...text, allOf: [true] }
  ]
  for (const schema of none) it(`${JSON.stringify(schema)} has none`, () => assert.isUndefined(sent(schema)))

  it("optional properties are counted together", () => {
    const optional = object({ b: text, c: text }, { required: [] })
    assert.isDefined(strict(object({ a: optional }), loose))
    assert.isUndefined(strict(object({ a: optional, d: object({ e: text }, { required: [] }) }), loose))
  })

  it("alternatives are counted together, and levels of nesting one below the other", () => {
    const union = { type: ["string", "null"] }
    assert.isDefined(strict(object({ a: union, b: { type: "array", items: { anyOf: [text] } } }), loose))
    assert.isUndefined(strict(object({ a: union, b: union, c: { oneOf: [text] } }), loose))
    const nested = (levels: number): OutputSchema => (levels === 1 ? text : object({ a: nested(levels - 1), b: text }))
    assert.deepStrictEqual(
      [9, 10].map((levels) => strict(nested(levels), loose) === undefined),
      [false, true]
    )
  })

  it("definitions are translated, and recursion is for those who take it", () => {
    const tree = (ref: string) => ({
      ...object({ a: { $ref: "#/$defs/node" } }),
      $defs: { node: object({ next: { $ref: ref } }), leaf: { type: "integer", minimum: 1 } }
    })
    assert.deepStrictEqual(strict(tree("#/$defs/leaf"), loose)?.["$defs"], {
      node: { ...object({ next: { $ref: "#/$defs/leaf" } }), additionalProperties: false },
      leaf: { type: "integer", description: "{minimum: 1}" }
    })
    assert.isDefined(strict(tree("#/$defs/node"), closed))
    assert.isUndefined(strict(tree("#/$defs/node"), loose))
    assert.isUndefined(strict(object({ a: { $ref: "#" } }), loose))
  })

  it("many references are followed once", () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `d${i}`,
        i === 59 ? text : object({ l: { $ref: `#/$defs/d${i + 1}` }, r: { $ref: `#/$defs/d${i + 1}` } })
      ])
    )
    assert.isDefined(strict({ ...object({ a: { $ref: "#/$defs/d0" } }), $defs }, loose))
  })
})
