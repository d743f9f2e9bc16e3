import { text } from "@parley/domain/Content"
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { absent, byteLength, digest, segment } from "../src/Digest.ts"
import * as Part from "../src/Part.ts"
import { pins } from "../src/Pins.ts"
import * as Section from "../src/Section.ts"
import * as Summary from "../src/Summary.ts"

const section = (words: string, more: Partial<Section.Section> = {}): Section.Section => ({
  source: "s",
  text: words,
  provenance: "user",
  ...more
})
const sha = (words: string) => createHash("sha256").update(words).digest("hex").slice(0, 16)

describe("a section of a request", () => {
  it("has its bytes, a quarter of them in tokens, and the beginning of their SHA-256 in the manifest", () => {
    assert.deepStrictEqual(segment("round", section("äbc€.", { provenance: "outside" })), {
      part: "round",
      source: "s",
      provenance: "outside",
      bytes: 8,
      tokens: 2,
      hash: sha("äbc€.")
    })
    assert.deepInclude(segment("system", section("12345", { why: "w" })), { part: "system", why: "w", tokens: 2 })
    assert.strictEqual(digest("äbc€."), sha("äbc€."))
    assert.deepStrictEqual([byteLength(""), byteLength("ä€😀"), byteLength("\ud83d")], [0, 9, 3])
    assert.deepStrictEqual(absent("round", "s", "w"), {
      part: "round",
      source: "s",
      why: "w",
      bytes: 0,
      tokens: 0,
      hash: ""
    })
  })

  it("without text has no heading, no block, no segment and no empty line", () => {
    const why = "w"
    assert.strictEqual(Section.titled("T", { ...section(""), why }).text, "")
    assert.deepStrictEqual(Section.titled("T", { ...section("a"), why }), { ...section("# T\n\na"), why })
    assert.strictEqual(Section.join([section("a"), section(""), section("b")]), "a\n\nb")
    assert.deepStrictEqual(Part.ofSection(section("")), { blocks: [], segments: [] })
  })

  it("is one block with one segment, and parts are joined in their order", () => {
    const [a, b] = [Part.ofSection(section("a")), Part.ofSection(section("b"))]
    assert.deepStrictEqual(a, { blocks: [text("a")], segments: [segment("round", section("a"))] })
    assert.deepStrictEqual(Part.join([b, a]), {
      blocks: [text("b"), text("a")],
      segments: [...b.segments, ...a.segments]
    })
  })
})

describe("pinned texts", () => {
  it("are ordered by kind, goals first, and then in the order of pinning", () => {
    const all = [
      { kind: "open-work", text: "w" },
      { kind: "constraint", text: " c1\n" },
      { kind: "goal", text: "g" },
      { kind: "constraint", text: "c2" }
    ] as const
    const { provenance, text } = pins(all)
    const lines = ["- Goal: g", "- Constraint: c1", "- Constraint: c2", "- Open work: w"]
    assert.strictEqual(text, `# Pinned by the user\n\n${lines.join("\n")}`)
    assert.strictEqual(provenance, "user")
    assert.strictEqual(pins([]).text, "")
  })

  it("are from outside if one of them is", () => {
    const user = { kind: "goal", text: "g" } as const
    assert.strictEqual(pins([user, { ...user, provenance: "outside" }, user]).provenance, "outside")
    assert.strictEqual(pins([{ ...user, provenance: "model" }]).provenance, "user")
  })
})

describe("the head of a compaction", () => {
  const provenance = { summary: "model", goal: "outside" } as const
  it("has the summary, the goal and the pinned texts, each with its provenance, and no empty parts", () => {
    const goal = [text("first "), text("wish\n")]
    const head = Summary.head({ summary: " s\n", goal, pins: [{ kind: "goal", text: "p" }], provenance })
    assert.deepStrictEqual(
      head.map(({ provenance, source }) => [source, provenance]),
      [
        ["summary", "model"],
        ["goal", "outside"],
        ["pinned", "user"]
      ]
    )
    const words = head.map(({ block }) => (block._tag === "Text" ? block.text : ""))
    assert.isTrue(words[0]?.endsWith("in their place.\n\ns"))
    assert.strictEqual(words[1], "# What the user asked for first\n\nfirst wish")
    assert.lengthOf(Summary.head({ summary: "s", goal: [text(" ")], pins: [], provenance }), 1)
  })

  it("keeps the beginning and the end of a long goal", () => {
    const goal = [text(`begin ${"x".repeat(20_000)} end`)]
    const [, kept] = Summary.head({ summary: "s", goal, pins: [], provenance })
    const words = kept?.block._tag === "Text" ? kept.block.text : ""
    assert.match(words, /\n\nbegin x[^]*x end$/)
    assert.isBelow(words.length, 6200)
  })
})
