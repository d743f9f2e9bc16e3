import { assert, describe, it } from "@effect/vitest"
import type * as Schema from "effect/Schema"
import { sampleInput } from "../src/commands/mcp/SampleInput.ts"

const of = (property: Schema.Json, more: { readonly [key: string]: Schema.Json } = {}) =>
  sampleInput({ type: "object", properties: { it: property }, required: ["it"], ...more })["it"]

describe("a sample input", () => {
  it("has the required properties and no others", () => {
    const properties = { a: { type: "string" }, b: { type: "number" } }
    assert.deepStrictEqual(sampleInput({ type: "object", properties, required: ["a"] }), { a: "example" })
    assert.deepStrictEqual(sampleInput({ type: "object" }), {})
  })

  it("has the declared type and is within the declared bounds", () => {
    const cases: ReadonlyArray<readonly [Schema.Json, Schema.Json]> = [
      [{ type: "number" }, 1],
      [{ type: "integer", minimum: 5 }, 5],
      [{ type: "integer", exclusiveMinimum: 5, multipleOf: 4 }, 8],
      [{ type: "number", maximum: -3 }, -3],
      [{ type: "boolean" }, true],
      [{ type: ["null", "string"] }, "example"],
      [{ type: "string", maxLength: 3 }, "exa"],
      [{ type: "string", minLength: 9 }, "examplexx"],
      [{ type: "string", format: "email" }, "someone@example.org"],
      [{ type: "string", enum: ["x", "y"] }, "x"],
      [{ type: "string", default: "d", enum: ["x", "d"] }, "d"],
      [{ const: 7 }, 7],
      [{ type: "array", items: { type: "string" } }, []],
      [{ type: "array", minItems: 2, items: { type: "integer" } }, [1, 1]],
      [{ anyOf: [{ type: "integer" }, { type: "string" }] }, 1],
      [{ type: "object", properties: { x: { type: "boolean" } }, required: ["x"] }, { x: true }]
    ]
    for (const [schema, value] of cases) assert.deepStrictEqual(of(schema), value)
  })

  it("follows references within the schema and ends for circular ones", () => {
    const $defs = { id: { type: "string", format: "uuid" }, loop: { $ref: "#/$defs/loop" } }
    assert.strictEqual(of({ $ref: "#/$defs/id" }, { $defs }), "00000000-0000-4000-8000-000000000000")
    assert.deepStrictEqual(of({ $ref: "#/$defs/loop" }, { $defs }), {})
    assert.deepStrictEqual(of({ $ref: "https://example.org/schema" }), {})
  })

  it("ends for schemas that contain themselves many times", () => {
    const list = { type: "array", minItems: 20, items: { $ref: "#/$defs/list" } }
    const names = Array.from({ length: 50 }, (_, i) => `p${i}`)
    const tree = {
      type: "object",
      required: names,
      properties: Object.fromEntries(names.map((name) => [name, { $ref: "#/$defs/tree" }]))
    }
    const either = { anyOf: [{ oneOf: [{ $ref: "#/$defs/either" }] }] }
    for (const name of ["list", "tree", "either"]) {
      const made = of({ $ref: `#/$defs/${name}` }, { $defs: { list, tree, either } })
      const size = (value: Schema.Json | undefined): number =>
        typeof value === "object" && value !== null
          ? Object.values(value).reduce((sum: number, one) => sum + size(one), 1)
          : 1
      assert.isAtMost(size(made), 2000, name)
    }
  })
})
