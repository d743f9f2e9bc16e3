import type { ResultContent } from "@parley/domain/Content"
import type { DynamicResult } from "@parley/domain/SessionContext"
import { assert, describe, it } from "@effect/vitest"
import * as Dynamic from "../src/Dynamic.ts"

const value = (slot: string, text: string, more: Partial<DynamicResult> = {}): DynamicResult => ({
  slot,
  toolName: "t",
  state: "fresh",
  why: "resolved for this round",
  isError: false,
  result: [{ _tag: "Text", text }],
  ...more
})
const image = (data: string): ResultContent => ({ _tag: "Image", mediaType: "image/png", data })
const texts = ({ blocks }: ReturnType<typeof Dynamic.render>) =>
  blocks.map((block) => (block._tag === "Text" ? block.text : block.data))

describe("dynamic context", () => {
  it("shows a value once, and again if it changes", () => {
    const first = Dynamic.render([value("s", "one"), value("o", "x")], {})
    assert.lengthOf(first.blocks, 2)
    const same = Dynamic.render([value("s", "one"), value("o", "x")], first.slots)
    assert.deepStrictEqual([same.blocks, same.slots], [[], {}])
    const next = Dynamic.render([value("s", "two"), value("o", "x")], first.slots)
    assert.lengthOf(next.blocks, 1)
    assert.match(texts(next)[0] ?? "", /^<context-[0-9a-f]{8} name="s" tool="t">\ntwo\n<\/context-[0-9a-f]{8}>$/)
    const back = Dynamic.render([value("s", "one"), value("o", "x")], { ...first.slots, ...next.slots })
    assert.deepStrictEqual(texts(back), texts(first).slice(0, 1), "what was shown before the last is not what is shown")
  })

  it("the origin of a value is in the manifest and not sent to the model", () => {
    const first = Dynamic.render([value("s", "one")], {})
    for (const state of ["kept", "stale"] as const) {
      const entry = value("s", "one", { state, why: `${state}: resolved in r1, 40 s ago` })
      assert.deepStrictEqual(Dynamic.render([entry], {}).blocks, first.blocks)
      const again = Dynamic.render([entry], first.slots)
      assert.isEmpty(again.blocks)
      assert.deepStrictEqual(
        again.segments.map(({ bytes, source, why }) => [source, bytes, why]),
        [["dynamic:s", 0, `${state}: resolved in r1, 40 s ago; the same as shown before, so not sent again`]]
      )
    }
  })

  it("a removed or dropped slot is reported once, and its value is sent again when it returns", () => {
    const first = Dynamic.render([value("s", "one")], {})
    const dropped = Dynamic.render(
      [value("s", "", { state: "dropped", isError: true, why: "left out, as it failed: no", result: [] })],
      first.slots
    )
    assert.deepStrictEqual(texts(dropped), ['The context "s" is no longer there.'])
    assert.strictEqual(dropped.segments[0]?.why, "left out, as it failed: no")
    const shown = { ...first.slots, ...dropped.slots }
    assert.isEmpty(Dynamic.render([], shown).blocks)
    assert.deepStrictEqual(texts(Dynamic.render([value("s", "one")], shown)), texts(first))
    assert.isEmpty(Dynamic.render([], {}).blocks, "what was never shown is not missed")
  })

  it("images and documents are part of the value, and each block has its segment", () => {
    const entry = (data: string) => value("s", "see", { result: [{ _tag: "Text", text: "see" }, image(data)] })
    const first = Dynamic.render([entry("AAAA")], {})
    assert.deepStrictEqual(
      first.blocks.map(({ _tag }) => _tag),
      ["Text", "Image"]
    )
    assert.lengthOf(first.segments, 2)
    assert.isEmpty(Dynamic.render([entry("AAAA")], first.slots).blocks)
    assert.lengthOf(Dynamic.render([entry("BBBB")], first.slots).blocks, 2)
  })

  it("a failure is shown as one, even if its text equals that of the value", () => {
    const first = Dynamic.render([value("s", "one")], {})
    const failed = Dynamic.render(
      [value("s", "one", { state: "failed", isError: true, why: "failed: one" })],
      first.slots
    )
    assert.match(texts(failed)[0] ?? "", / name="s" tool="t" error="true">\none\n/)
  })
})
