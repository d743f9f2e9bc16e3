import { assert, describe, it } from "@effect/vitest"
import { excerpt } from "../src/Text.ts"

const key = "sk-canary-0123456789"

describe("foreign text in an error", () => {
  it("holds no part of the key, wherever the text is cut", () => {
    for (const max of [40, 100, 200])
      for (const padding of [0, max - 10, max - 1, 8 * max - key.length + 1, 8 * max - 5, 8 * max - 1]) {
        for (const filler of [" ", "x", "\u0000"]) {
          const text = excerpt(`${filler.repeat(padding)}${key} and more`, max, key)
          assert.isAtMost(text.length, max)
          assert.notMatch(text, /sk|canary|0123/, `${max} ${padding}`)
        }
      }
  })

  it("is one line without control characters, and whole where it fits", () => {
    assert.strictEqual(excerpt("a\r\n\tb\u001b[2J  c", 40, ""), "a b [2J c")
    assert.strictEqual(excerpt("x".repeat(50), 40, ""), `${"x".repeat(39)}…`)
    assert.strictEqual(excerpt("x".repeat(38) + "😀z", 40, "").isWellFormed(), true)
  })
})
