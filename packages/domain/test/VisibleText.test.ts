import { assert, describe, it } from "@effect/vitest"
import {
  hiddenIn,
  hides,
  isClear,
  isPrintable,
  plainLine,
  quotedWord,
  replaceHidden,
  visible,
  visibleJson,
  wellFormed,
  wholeWord,
  withoutInvisible
} from "../src/VisibleText.ts"

const shown = "Grüße, 日本 नमस्ते ❤ 👩 [1] \u0601٣"
const spelling = ["\u200c", "\u200d", "\ufe0e", "\ufe0f"]
const spaces = ["\u00a0", "\u202f", "\u3000", "\u2800"]
const unassigned = ["\ud800", "\ue000", "\u0378"]
const invisible = [
  ...Array.from(
    "\u0000\u001b\u007f\u009b\r\u00ad\u034f\u061c\u115f\u180e\u200b\u200e\u2028\u2029\u202e\u2066\u3164\ufeff"
  ),
  "\ufe01",
  "\u{e0041}",
  "\u{e0100}"
]

describe("a character that a person does not see", () => {
  it("is hidden in a text that a call must repeat, unless it belongs to the spelling", () => {
    for (const character of invisible) assert.isTrue(hides(`a${character}b`), quotedWord(character))
    for (const text of [shown, "a\r\nb\n\tc", ...spelling, ...spaces, ...unassigned])
      assert.isFalse(hides(text), quotedWord(text))
  })

  it("is removed from prose for a model, joiners included, and separators of lines stay line feeds", () => {
    assert.strictEqual(withoutInvisible(shown + spelling.join("")), shown)
    assert.strictEqual(withoutInvisible("a\r\nb\rc\u2028d\u2029e\tf"), "a\nb\nc\nd\ne\tf")
    assert.strictEqual(withoutInvisible(invisible.join("")), "\n\n\n")
  })

  it("is replaced one by one, but not line feeds, tabs and what belongs to the spelling", () => {
    const text = `${shown}\n\t${spelling.join("")}${spaces.join("")}`
    assert.strictEqual(
      replaceHidden(text, () => "?"),
      text
    )
    assert.strictEqual(
      replaceHidden(invisible.join(""), () => "?"),
      "?".repeat(invisible.length)
    )
  })

  it("is escaped where a person decides, and so is everything that looks like something else", () => {
    for (const character of [...invisible, ...spelling, ...spaces, ...unassigned]) {
      const code = `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
      assert.strictEqual(visible(`a${character}b`), `a${code}b`)
      assert.strictEqual(wholeWord(`a${character}b`), `"a${code}b"`)
      assert.isFalse(isClear(`a${character}b`))
      assert.strictEqual(hiddenIn(`a\n${character}b`), 1)
    }
    assert.strictEqual(visible("a b\n\tc"), "a b\n\tc")
    assert.isTrue(isClear("a b é 日本"))
    assert.strictEqual(
      visibleJson({ "a\u202e": "\\u202e \u200d\u001b\n" }),
      '{"a\\u{202e}":"\\\\u202e \\u{200d}\\u{1b}\\n"}'
    )
  })

  it("makes a name unprintable only if no exact name needs it", () => {
    for (const name of [shown.replace("\u0601", ""), "❤\ufe0f", "a\u00a0b", "葛\u{e0100}", "\u3164"])
      assert.isTrue(isPrintable(name), quotedWord(name))
    for (const name of ["a\nb", "a\u2028b", "a\u200bb", "a\u202eb", "\ud800", "\ue000"])
      assert.isFalse(isPrintable(name), quotedWord(name))
  })
})

describe("one line for a person", () => {
  it("has a single space for each run of spaces, line breaks and invisible characters", () => {
    for (const character of invisible) assert.strictEqual(plainLine(` a ${character}\n b\t`), "a b")
    assert.strictEqual(plainLine(shown + spelling.join("")), shown + spelling.join(""))
  })

  it("is cut between characters, with an ellipsis that fits into its length", () => {
    assert.strictEqual(plainLine("x".repeat(301)), `${"x".repeat(299)}…`)
    assert.strictEqual(plainLine("xyz", 3), "xyz")
    assert.strictEqual(plainLine("xyz!", 3), "xy…")
    assert.strictEqual(plainLine("x😀y", 3), "x\ufffd…")
  })
})

it("a text is well-formed and without NUL, and otherwise unchanged", () => {
  assert.strictEqual(wellFormed(`a\0\ud83d${invisible.slice(1).join("")}`), `a\ufffd${invisible.slice(1).join("")}`)
})
