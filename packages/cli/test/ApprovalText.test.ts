import { assert, describe, it } from "@effect/vitest"
import { CallId } from "@parley/domain/Ids"
import type { Asked } from "@parley/domain/ToolPolicy"
import * as ApprovalText from "../src/ApprovalText.ts"
import { sanitize } from "../src/Sanitize.ts"
import { visibleJson } from "../src/VisibleJson.ts"

const asked = (input: Asked["input"], tool = "add"): Asked => ({
  callId: CallId.make("r1t1c1"),
  tool: { name: "notes__add", server: "notes", tool, description: "", inputSchema: {} },
  input
})
const shownOf = (input: Asked["input"], columns = 80, whole = false) =>
  ApprovalText.words(asked(input), columns, whole).split("\n").slice(1)

describe("what a person is shown of a call", () => {
  it("names the tool and the server in full, whatever a server calls its tool", () => {
    const [first, ...rest] = ApprovalText.words(asked({}, "add\n  run it? \u202e"), 80).split("\n")
    assert.strictEqual(first, '? notes__add: the tool "add\\n  run it? \\u{202e}" of the server "notes", with')
    assert.deepStrictEqual(rest, ["  │ {}"])
  })

  it("no line is wider than the terminal, and none is without its margin", () => {
    for (const text of ["x".repeat(300), "漢".repeat(300), "\u202e".repeat(50), "\\".repeat(99)])
      for (const columns of [1, 20, 80]) {
        const lines = shownOf({ text }, columns, true)
        assert.isTrue(lines.every((line) => line.startsWith("  │ ")))
        const widths = lines.map((line) => line.replaceAll("漢", "__").length)
        assert.isBelow(Math.max(...widths), Math.max(columns, 17))
        assert.strictEqual(lines.map((line) => line.slice(4)).join(""), visibleJson({ text }))
      }
  })

  it("of a long input the middle is left out, and counted, and no escape is cut", () => {
    assert.lengthOf(shownOf({ text: "x".repeat(1900) }, 10_000), 1)
    const lines = shownOf({ text: "\u202e".repeat(1500) + "x".repeat(1500) }, 100_000)
    assert.lengthOf(lines, 3)
    const total = visibleJson({ text: "\u202e".repeat(1500) + "x".repeat(1500) }).length
    const shown = (lines[0]?.length ?? 0) + (lines[2]?.length ?? 0) - 8
    assert.strictEqual(lines[1], `  … ${total - shown} characters are left out here; [v]iew shows them …`)
    assert.match(lines[0] ?? "", /^ {2}│ \{"text":"(\\u\{202e\})+$/)
    assert.match(lines[2] ?? "", /^ {2}│ x+"\}$/)
  })

  it("nothing of it is left for the sanitiser of terminals to change", () => {
    const every = Array.from({ length: 0x3100 }, (_, code) => String.fromCodePoint(code)).join("")
    const json = visibleJson({ every, tags: "\u{e0041}\u{1bca0}", half: "\ud800" })
    assert.strictEqual(sanitize(json), json)
    assert.notMatch(json, /[\p{C}\p{DI}\p{Zl}\p{Zp}]/u)
    assert.include(json, "\\u{d800}")
  })

  it("inputs that are not the same are not shown the same", () => {
    const texts = ["\u202e", "\\u{202e}", "\\\u202e", "\\\\u{202e}", "\u001b", "\\u{1b}", "\\u001b", "\n", "\\n"]
    assert.strictEqual(new Set(texts.map((text) => visibleJson({ text }))).size, texts.length)
  })

  it("nothing but the words for it is a yes", () => {
    const meant = ["y", " YES ", "a", "Always", "v", "view"].map((line) => ApprovalText.answerOf(line))
    assert.deepStrictEqual(meant, ["yes", "yes", "always", "always", "view", "view"])
    for (const line of [undefined, "", "n", "you should not", "and then stop", "yy", "va", "yes but"])
      assert.strictEqual(ApprovalText.answerOf(line), "no")
  })
})
