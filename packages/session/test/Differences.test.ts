import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { fieldAt, firstDifference, restore, shorten } from "../src/recording/Differences.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const anyText = Arbitrary.schema(Schema.String)

describe("Differences", () => {
  it("names the field of a position in a JSON text", () => {
    const json = '{"a":{"b":[1,{"c d":"x,\\"]y"}]},"e":2}'
    assert.strictEqual(fieldAt(json, json.indexOf("1")), "a.b[0]")
    assert.strictEqual(fieldAt(json, json.indexOf("x")), "a.b[1].c d")
    assert.strictEqual(fieldAt(json, json.indexOf("y")), "a.b[1].c d")
    assert.strictEqual(fieldAt(json, json.indexOf("2")), "e")
    assert.strictEqual(fieldAt(json, 0), "")
  })

  it("counts bytes, not characters, and shows whole characters around them", () => {
    const found = firstDifference("here", `{"text":"äöü ${"é".repeat(30)}x"}`, `{"text":"äöü ${"é".repeat(30)}😀"}`)
    assert.strictEqual(found?.field, "text")
    assert.strictEqual(found?.offset, 9 + 6 + 1 + 60)
    assert.isAtMost(bytes(found?.expected ?? "").length, 40)
    assert.isAtMost(bytes(found?.received ?? "").length, 40)
    assert.include(found?.expected, "éx")
    assert.include(found?.received, "é😀")
    assert.strictEqual(firstDifference("here", "same", "same"), undefined)
  })

  it("finds the differing byte within a character", () => {
    assert.strictEqual(firstDifference("here", "aä", "aö")?.offset, 2)
    assert.strictEqual(firstDifference("here", "😀", "😁")?.offset, 3)
    assert.strictEqual(firstDifference("here", "a", "ab")?.offset, 1)
  })

  it.effect.prop("the offset is that of the first differing byte", [anyText, anyText, anyText], ([same, a, b]) =>
    Effect.sync(() => {
      const [left, right] = [(same + a).toWellFormed(), (same + b).toWellFormed()]
      const found = firstDifference("here", left, right)
      const [x, y] = [bytes(left), bytes(right)]
      let at = 0
      while (at < Math.min(x.length, y.length) && x[at] === y[at]) at++
      assert.strictEqual(found?.offset, left === right ? undefined : at)
    })
  )

  it.effect.prop("a shortened text is restored", [anyText, anyText, anyText, anyText], ([start, a, b, end]) =>
    Effect.sync(() => {
      const [previous, text] = [start + a + end, start + b + end]
      const short = shorten(previous, text)
      assert.strictEqual(restore(previous, short), text)
      assert.isAtMost(short.text.length, b.length)
    })
  )
})
