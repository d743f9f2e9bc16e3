import { assert, it } from "@effect/vitest"
import { coalesce, type ProviderChunk } from "../src/ProviderChunk.ts"

const said = (index: number, text: string): ProviderChunk => ({ _tag: "TextDelta", index, text })
const thought = (index: number, text: string): ProviderChunk => ({ _tag: "ThinkingDelta", index, text })
const input = (index: number, json: string): ProviderChunk => ({ _tag: "ToolInputDelta", index, json })

it("adjacent chunks of one block are joined in order, and no others", () => {
  for (const piece of [said, thought, input]) {
    assert.deepStrictEqual(coalesce([piece(0, "a"), piece(0, "b"), piece(0, "c")]), [piece(0, "abc")])
    const apart = [piece(0, "a"), piece(1, "b"), piece(0, "c")]
    assert.deepStrictEqual(coalesce(apart), apart)
  }
  const mixed = [said(0, "a"), thought(0, "b"), said(0, "c"), input(0, "d")]
  assert.deepStrictEqual(coalesce(mixed), mixed)
  const begun: ProviderChunk = { _tag: "ToolCallStart", index: 0, providerId: "x", name: "t" }
  assert.deepStrictEqual(coalesce([begun, begun]), [begun, begun])
})

it("joining does not modify the chunks", () => {
  const pieces = [said(0, "a"), said(0, "b")]
  coalesce(pieces)
  assert.deepStrictEqual(pieces, [said(0, "a"), said(0, "b")])
})
