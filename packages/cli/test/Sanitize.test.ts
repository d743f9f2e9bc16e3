import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { sanitize, sanitizeJson } from "../src/Sanitize.ts"

/** What may reach a terminal: no control character but tab and line feed, no direction mark, no invisible tag. */
const safe = (text: string) =>
  Array.from(text).every((char) => {
    const code = char.codePointAt(0) ?? 0
    if (code === 9 || code === 10) return true
    if (code < 32 || (code >= 0x7f && code <= 0x9f)) return false
    if (code >= 0xd800 && code <= 0xdfff) return false
    return !/[\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u.test(char)
  })

describe("sanitize", () => {
  const payloads: ReadonlyArray<readonly [name: string, text: string]> = [
    ["colour", "\u001b[31mred"],
    ["title", "\u001b]0;owned\u0007"],
    ["clipboard", "\u001b]52;c;aGk=\u0007"],
    ["link", "\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\"],
    ["reset", "\u001bc"],
    ["8-bit CSI", "\u009b31m"],
    ["DCS", "\u001bP+q\u001b\\"],
    ["unterminated OSC", "\u001b]0;"],
    ["backspaces", "safe\b\b\b\bevil"],
    ["carriage return", "safe\revil"],
    ["bidi override", "a\u202eb"],
    ["tags", "a\u{e0041}b"],
    ["NUL", "a\0b"],
    ["lone surrogate", "a\ud83db"]
  ]
  for (const [name, text] of payloads)
    it(`disarms: ${name}`, () => {
      assert.isTrue(safe(sanitize(text)), JSON.stringify(sanitize(text)))
      assert.notInclude(sanitize(text), "\u001b")
    })

  it("leaves ordinary text alone", () => {
    const text = "Zeile 1\n\tZeile 2: 你好, émoji 👩‍💻 and <tags>\n"
    assert.strictEqual(sanitize(text), text)
    assert.strictEqual(sanitize("a\r\nb"), "a\nb")
  })

  it.effect.prop("makes any text safe, piece by piece as well as whole", [Schema.String, Schema.String], ([a, b]) =>
    Effect.sync(() => {
      for (const text of [a, `${a}\u001b[2J${b}`, `\u009d${b}`]) {
        assert.isTrue(safe(sanitize(text)))
        assert.strictEqual(sanitize(sanitize(text)), sanitize(text))
      }
      assert.isTrue(safe(sanitize(a) + sanitize(b)))
    })
  )
})

describe("sanitizeJson", () => {
  const encode = Schema.encodeSync(Schema.fromJsonString(Schema.String))
  const decode = Schema.decodeSync(Schema.fromJsonString(Schema.String))

  it.effect.prop("is the same JSON, and safe on a terminal", [Schema.String], ([text]) =>
    Effect.sync(() => {
      for (const said of [text, `${text}\u009b2J\u202e\u{e0041}\u061c\ufeff`.toWellFormed()]) {
        const shown = sanitizeJson(encode(said))
        assert.strictEqual(decode(shown), said)
        assert.isTrue(safe(shown), shown)
      }
    })
  )
})
