import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { member, withMember } from "../src/text/RawJson.ts"

describe("RawJson", () => {
  it.each([
    ['{"a":1.0}', "a", "1.0"],
    [' { "b" : [1, {"a": 2}] , "a" : {"x": "}\\"]"} } ', "a", '{"x": "}\\"]"}'],
    ['{"a":null ,"b":1}', "a", "null"],
    ['{"a":1,"a":2}', "a", "2"],
    ['{"x":{"a":1}}', "a", undefined],
    ['{"x":"\\"a\\":1"}', "a", undefined],
    ["{}", "a", undefined],
    ["[1]", "a", undefined],
    ['"a"', "a", undefined]
  ])("%s .%s", (json, name, expected) => {
    assert.strictEqual(member(json, name), expected)
  })

  it.prop(
    "finds the same value as JSON.parse, and replaces nothing else",
    { value: Schema.Record(Schema.String, Schema.Json), indent: Schema.Literals([0, 2]), put: Schema.Json },
    ({ indent, put, value }) => {
      const json = JSON.stringify(value, undefined, indent)
      const parsed: Readonly<Record<string, unknown>> = JSON.parse(json)
      for (const [name, expected] of Object.entries(parsed)) {
        // Skip keys that JSON encodes with escapes, because `member` does not decode them.
        if (JSON.stringify(name) !== `"${name}"`) continue
        assert.deepStrictEqual(JSON.parse(member(json, name)!), expected)
        const entries = Object.entries(parsed).map(([key, old]) => [
          key,
          key === name ? JSON.parse(JSON.stringify(put)) : old
        ])
        assert.deepStrictEqual(JSON.parse(withMember(json, name, JSON.stringify(put))!), Object.fromEntries(entries))
      }
      assert.isUndefined(withMember(json, "there is no such member", "1"))
    },
    { arbitrary: { runs: 300 } }
  )
})
