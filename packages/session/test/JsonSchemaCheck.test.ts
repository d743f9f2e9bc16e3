import type { OutputSchema } from "@parley/domain/OutputSchema"
import { assert, describe, it } from "@effect/vitest"
import { Result, type Schema } from "effect"
import * as JsonSchemaCheck from "../src/output/JsonSchemaCheck.ts"
import * as JsonSchemaForm from "../src/output/JsonSchemaForm.ts"
import * as StructuredOutput from "../src/output/StructuredOutput.ts"

type Case = readonly [schema: OutputSchema, right: Schema.Json, wrong: Schema.Json, problem: string]

/** Not written as an object, which would look like a promise. */
const conditional = (then: OutputSchema, otherwise: OutputSchema = {}): OutputSchema =>
  JSON.parse(`{"if":{"type":"string"},"then":${JSON.stringify(then)},"else":${JSON.stringify(otherwise)}}`)

const cases: ReadonlyArray<Case> = [
  [{ type: "integer" }, 2, 2.5, ": expected integer, found number"],
  [{ type: ["string", "null"] }, null, 1, ": expected string or null, found number"],
  [{ type: "array" }, [], {}, ": expected array, found object"],
  [{ const: { a: 1, b: 2 } }, { b: 2, a: 1 }, { a: 1 }, ': expected {"a":1,"b":2}'],
  [{ enum: ["a", 1, null] }, null, "b", ': expected one of "a", 1, null'],
  [{ minimum: 1 }, 1, 0, ": expected a number of at least 1"],
  [{ maximum: 1 }, 1, 2, ": expected a number of at most 1"],
  [{ exclusiveMinimum: 1 }, 2, 1, ": expected a number above 1"],
  [{ exclusiveMaximum: 1 }, 0, 1, ": expected a number below 1"],
  [{ multipleOf: 0.1 }, 0.3, 0.35, ": expected a multiple of 0.1"],
  [{ minLength: 2 }, "ab", "😀", ": expected at least 2 characters"],
  [{ maxLength: 1 }, "😀", "ab", ": expected at most 1 characters"],
  [{ pattern: "^a+$" }, "aa", "ab", ": expected a text like /^a+$/"],
  [{ items: { type: "string" } }, ["a"], ["a", 1], "/1: expected string, found number"],
  [{ prefixItems: [{ type: "string" }], items: false }, ["a"], ["a", 1], "/1: nothing is allowed here"],
  [{ items: [{ type: "string" }], additionalItems: false }, ["a"], ["a", 1], "/1: nothing is allowed here"],
  [{ minItems: 1 }, [1], [], ": expected at least 1 items"],
  [{ maxItems: 1 }, [1], [1, 2], ": expected at most 1 items"],
  [
    { uniqueItems: true },
    [{ a: 1 }, { a: 2 }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 }
    ],
    ": expected items that differ from each other"
  ],
  [{ contains: { const: 1 } }, [2, 1], [2], ': expected at least 1 items that match "contains"'],
  [
    { contains: { const: 1 }, minContains: 0, maxContains: 1 },
    [],
    [1, 1],
    ': expected at most 1 items that match "contains"'
  ],
  [{ required: ["a"] }, { a: null }, { b: 1 }, ': the property "a" is missing'],
  [{ properties: { "a/b": { type: "string" } } }, { c: 1 }, { "a/b": 1 }, "/a~1b: expected string, found number"],
  [{ properties: { a: {} }, additionalProperties: false }, { a: 1 }, { b: 1 }, ': the property "b" is not allowed'],
  [{ additionalProperties: { type: "string" } }, { a: "x" }, { a: 1 }, "/a: expected string, found number"],
  [
    { patternProperties: { "^x": { type: "string" } }, additionalProperties: false },
    { x1: "a" },
    { x1: 1 },
    "/x1: expected string, found number"
  ],
  [{ propertyNames: { pattern: "^a" } }, { ab: 1 }, { b: 1 }, ': "b" is not allowed as the name of a property'],
  [{ minProperties: 1 }, { a: 1 }, {}, ": expected at least 1 properties"],
  [{ maxProperties: 1 }, { a: 1 }, { a: 1, b: 1 }, ": expected at most 1 properties"],
  [{ dependentRequired: { a: ["b"] } }, { c: 1 }, { a: 1 }, ': the property "b" is missing'],
  [{ dependentSchemas: { a: { required: ["b"] } } }, { c: 1 }, { a: 1 }, ': the property "b" is missing'],
  [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, 2, 3, ": expected a number of at most 2"],
  [{ anyOf: [{ type: "string" }, { type: "null" }] }, null, 1, ": matches none of the 2 alternatives"],
  [{ oneOf: [{ minimum: 1 }, { maximum: 1 }] }, 2, 1, ": matches 2 of the alternatives, but only one may match"],
  [{ not: { type: "string" } }, 1, "a", ": matches what the schema excludes"],
  [conditional({ minLength: 1 }, { minimum: 1 }), 1, 0, ": expected a number of at least 1"],
  [conditional({ minLength: 1 }), "a", "", ": expected at least 1 characters"],
  [{ $ref: "#/$defs/a~1b%20c", $defs: { "a/b c": { type: "null" } } }, null, 1, ": expected null, found number"],
  [{ $ref: "#/$defs/a", $defs: { a: { type: "null" } } }, null, 1, ": expected null, found number"],
  [
    { properties: { next: { $ref: "#" } }, additionalProperties: false },
    { next: { next: {} } },
    { next: { x: 1 } },
    '/next: the property "x" is not allowed'
  ]
]

const unusable: ReadonlyArray<readonly [schema: unknown, problem: string]> = [
  [[], "it is not a JSON object"],
  [true, "it is not a JSON object"],
  [
    { type: "text" },
    "/type: expected one of null, boolean, object, array, number, integer, string, or a list of these"
  ],
  [{ properties: { a: 1 } }, "/properties/a is not a schema"],
  [{ properties: [] }, "/properties: expected schemas by name"],
  [{ anyOf: [] }, "/anyOf: expected a list of schemas"],
  [{ enum: [] }, "/enum: expected a list of at least one value"],
  [{ items: { pattern: "(" } }, "/items/pattern: expected a regular expression"],
  [{ patternProperties: { "(": {} } }, "/patternProperties/(: expected a regular expression"],
  [{ required: "a" }, "/required: expected a list of names"],
  [{ minLength: -1 }, "/minLength: expected a whole number of 0 or more"],
  [{ $ref: "#/$defs/a" }, "/$ref: the reference leads nowhere"],
  [{ $ref: "https://example.org/a" }, "/$ref: references to other documents are not supported"],
  [{ $dynamicRef: "#a" }, "/$dynamicRef: the keyword $dynamicRef is not supported"],
  [{ items: { $id: "x" } }, "/items/$id: the keyword $id is not supported"],
  [{ $schema: "https://example.org/schema" }, "/$schema: expected a draft of JSON Schema from 6 to 2020-12"],
  [{ $ref: "#" }, "it has a reference that goes in a circle"],
  [
    { anyOf: [{ $ref: "#/$defs/a" }], $defs: { a: { allOf: [{ $ref: "#/$defs/a" }] } } },
    "it has a reference that goes in a circle"
  ],
  [{ description: "x".repeat(200_000) }, "it is larger than 131072 bytes"]
]

const first = (schema: OutputSchema, value: Schema.Json) =>
  JsonSchemaCheck.problems(schema, value).map(({ path, problem }) => `${path}: ${problem}`)[0]

describe("a value is checked by every keyword", () => {
  for (const [schema, right, wrong, problem] of cases)
    it(JSON.stringify(schema), () => {
      assert.isTrue(Result.isSuccess(JsonSchemaForm.read(schema)))
      assert.deepStrictEqual([first(schema, right), first(schema, wrong)], [undefined, problem])
    })

  it("names such as __proto__ and constructor are like all others", () => {
    const value: Schema.Json = JSON.parse('{"__proto__":1}')
    assert.strictEqual(first({ additionalProperties: false }, value), ': the property "__proto__" is not allowed')
    assert.strictEqual(first({ required: ["constructor"] }, {}), ': the property "constructor" is missing')
    assert.isUndefined(first({ properties: {} }, { toString: 1 }))
  })

  it("a check with countless alternatives ends, and a long list of problems is cut", () => {
    const tree = { anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/b" }] }
    const schema: OutputSchema = {
      ...tree,
      $defs: { a: { items: tree, minItems: 1 }, b: { items: tree, minItems: 1, maxItems: 1 } }
    }
    let value: Schema.Json = []
    for (let i = 0; i < 60; i++) value = [value]
    assert.isAbove(JsonSchemaCheck.problems(schema, value).length, 0)
    assert.lengthOf(
      JsonSchemaCheck.problems(
        { items: false },
        Array.from({ length: 100 }, () => 1)
      ),
      20
    )
  })
})

describe("a schema that cannot be used is refused with the place of what is wrong", () => {
  for (const [schema, problem] of unusable)
    it(problem, () => {
      const read = JsonSchemaForm.read(schema)
      assert.strictEqual(Result.isFailure(read) ? read.failure : "usable", problem)
      assert.isTrue(Result.isFailure(StructuredOutput.fromJsonSchema(schema)))
    })

  it("unknown keywords and annotations are allowed", () => {
    assert.isTrue(Result.isSuccess(JsonSchemaForm.read({ type: "object", "x-note": 1, $comment: "c", default: {} })))
  })
})
