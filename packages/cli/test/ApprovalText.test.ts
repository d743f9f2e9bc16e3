import { assert, describe, it } from "@effect/vitest"
import type { ApprovalRequest } from "@parley/domain/ToolPolicy"
import * as ApprovalText from "../src/consent/ApprovalText.ts"
import { sanitize } from "../src/output/Sanitize.ts"
import { visibleJson } from "@parley/domain/VisibleText"

const asked = (input: ApprovalRequest["input"], tool = "add"): Pick<ApprovalRequest, "input" | "tool"> => ({
  tool: { name: "notes__add", server: "notes", tool, description: "", inputSchema: {} },
  input
})
const shownOf = (input: ApprovalRequest["input"], columns = 80, whole = false) =>
  ApprovalText.words(asked(input), columns, whole).split("\n").slice(1)

describe("the question about a tool call", () => {
  it("names the tool and the server in full, even with a misleading tool name", () => {
    const [first, ...rest] = ApprovalText.words(asked({}, "add\n  run it? \u202e"), 80).split("\n")
    assert.strictEqual(
      first,
      '? notes__add: the tool "add\\n  run it? \\u{202e}" of the server "notes", with the input'
    )
    assert.deepStrictEqual(rest, ["  │ {}"])
  })

  it("has no line wider than the terminal, and a margin before each line of the input", () => {
    for (const text of ["x".repeat(300), "漢".repeat(300), "\u202e".repeat(50), "\\".repeat(99)])
      for (const columns of [1, 20, 80]) {
        const lines = shownOf({ text }, columns, true)
        assert.isTrue(lines.every((line) => line.startsWith("  │ ")))
        const widths = lines.map((line) => line.replaceAll("漢", "__").length)
        assert.isBelow(Math.max(...widths), Math.max(columns, 17))
        assert.strictEqual(lines.map((line) => line.slice(4)).join(""), visibleJson({ text }))
      }
  })

  it("omits and counts the middle of a long input, and cuts no escape sequence", () => {
    assert.lengthOf(shownOf({ text: "x".repeat(1900) }, 10_000), 1)
    const lines = shownOf({ text: "\u202e".repeat(1500) + "x".repeat(1500) }, 100_000)
    assert.lengthOf(lines, 3)
    const total = visibleJson({ text: "\u202e".repeat(1500) + "x".repeat(1500) }).length
    const shown = (lines[0]?.length ?? 0) + (lines[2]?.length ?? 0) - 8
    assert.strictEqual(lines[1], `  … ${total - shown} characters are left out here; [v]iew shows them …`)
    assert.match(lines[0] ?? "", /^ {2}│ \{"text":"(\\u\{202e\})+$/)
    assert.match(lines[2] ?? "", /^ {2}│ x+"\}$/)
  })

  it("contains nothing that sanitizing for the terminal would change", () => {
    const every = Array.from({ length: 0x3100 }, (_, code) => String.fromCodePoint(code)).join("")
    const json = visibleJson({ every, tags: "\u{e0041}\u{1bca0}", half: "\ud800" })
    assert.strictEqual(sanitize(json), json)
    assert.notMatch(json, /[\p{C}\p{DI}\p{Zl}\p{Zp}]/u)
    assert.include(json, "\\u{d800}")
  })

  it("shows different inputs differently", () => {
    const texts = ["\u202e", "\\u{202e}", "\\\u202e", "\\\\u{202e}", "\u001b", "\\u{1b}", "\\u001b", "\n", "\\n"]
    assert.strictEqual(new Set(texts.map((text) => visibleJson({ text }))).size, texts.length)
  })
})
