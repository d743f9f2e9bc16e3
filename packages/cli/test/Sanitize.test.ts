import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { sanitize, sanitizeJson } from "../src/output/Sanitize.ts"

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

  it("shows what a terminal would not: the rest of a text cannot hide behind it", () => {
    assert.strictEqual(sanitize("pay\u200b \u202ereversed\u2069\u2028"), "pay \\u{202e}reversed\\u{2069}\\u{2028}")
    assert.strictEqual(
      sanitize("\u{e0068}\u{e0069}\ufe01\u{e0101}\u3164\u00ad"),
      "\\u{e0068}\\u{e0069}\\u{fe01}\\u{e0101}\\u{3164}"
    )
    assert.strictEqual(sanitize("\u001b\r\u0000\u009b"), "\u241b\u240d\u2400\u2421")
  })

  it("leaves out the marks of ordinary spelling, which have no glyph", () => {
    assert.strictEqual(sanitize("Do\u00adnau \u200eשלום\u200f \u061cسلام สวัสดี\u200bครับ"), "Donau שלום سلام สวัสดีครับ")
  })

  it("leaves joiners, variation selectors and unusual spaces, which ordinary text needs", () => {
    const text = "👩\u200d👧 ❤\ufe0f می\u200cخواهم 日本\u3000語 10\u00a0km \u0601٣"
    assert.strictEqual(sanitize(text), text)
    assert.strictEqual(sanitizeJson(JSON.stringify(text)), JSON.stringify(text))
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
      for (const said of [text, `${text}\u009b2J\u202e\u{e0041}\u061c\ufeff\u200b\u3164`.toWellFormed()]) {
        const shown = sanitizeJson(encode(said))
        assert.strictEqual(decode(shown), said)
        assert.isTrue(safe(shown), shown)
      }
    })
  )
})
