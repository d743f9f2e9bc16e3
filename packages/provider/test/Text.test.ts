import { assert, describe, it } from "@effect/vitest"
import { excerpt } from "../src/text/Text.ts"

const key = "sk-canary-0123456789"

describe("text from outside in an error", () => {
  it("contains no part of the key, wherever the text is cut", () => {
    for (const max of [40, 100, 200])
      for (const padding of [0, max - 10, max - 1, 8 * max - key.length + 1, 8 * max - 5, 8 * max - 1]) {
        for (const filler of [" ", "x", "\u0000"]) {
          const text = excerpt(`${filler.repeat(padding)}${key} and more`, max, key)
          assert.isAtMost(text.length, max)
          assert.notMatch(text, /sk|canary|0123/, `${max} ${padding}`)
        }
      }
  })

  it("contains the key in no other form, and no beginning of it that the server cut", () => {
    const odd = 'k"ey/ä'
    for (const form of [odd, encodeURIComponent(odd), JSON.stringify(odd).slice(1, -1)])
      assert.strictEqual(excerpt(`<${form}>`, 40, odd), "<[key]>")
    assert.strictEqual(excerpt(`wrong key: ${key.slice(0, 12)}…`, 40, key), "wrong key: …")
    assert.strictEqual(excerpt("a short k", 40, "k"), "a short [key]")
  })

  it("is one line without control characters, and complete if it fits", () => {
    assert.strictEqual(excerpt("a\r\n\tb\u001b[2J  c", 40, ""), "a b [2J c")
    assert.strictEqual(excerpt("a\u202eb 👩\u200d👧", 40, ""), "a b 👩\u200d👧")
    assert.strictEqual(excerpt(`${" \n".repeat(100)}x`, 40, ""), "x")
    assert.strictEqual(excerpt("x".repeat(50), 40, ""), `${"x".repeat(39)}…`)
    assert.strictEqual(excerpt("x".repeat(38) + "😀z", 40, "").isWellFormed(), true)
  })
})
