import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Arbitrary } from "effect"
import { canonical } from "../src/CanonicalJson.ts"

/** The same value with the keys of every object written the other way round. */
const reversed = (json: Schema.Json): Schema.Json => {
  if (typeof json !== "object" || json === null) return json
  if (Array.isArray(json)) return json.map(reversed)
  return Object.fromEntries(
    Object.entries(json)
      .toReversed()
      .map(([key, value]) => [key, reversed(value)])
  )
}

const values = Arbitrary.schema(Schema.Json)

describe("canonical JSON", () => {
  it("sorts keys at any depth and keeps the order of lists", () => {
    assert.strictEqual(canonical({ b: [{ d: 1, c: 2 }, 3, 2], a: null }), '{"a":null,"b":[{"c":2,"d":1},3,2]}')
    assert.strictEqual(canonical({ a10: 1, a1: 1, B: 1, a2: 1 }), '{"B":1,"a1":1,"a10":1,"a2":1}')
    assert.strictEqual(canonical("b"), '"b"')
  })

  it.prop("is the same text for a value regardless of the order of its keys", [values], ([value]) => {
    assert.strictEqual(canonical(reversed(value)), canonical(value))
  })

  it("is a different text for a different value", () => {
    const texts = [
      { a: 1 },
      { a: "1" },
      { a: [1] },
      { a: { a: 1 } },
      [{ a: 1 }],
      { b: 1 },
      [1, 2],
      [2, 1],
      null,
      {},
      []
    ]
    assert.strictEqual(new Set(texts.map(canonical)).size, texts.length)
  })
})
