import { assert, describe, it } from "@effect/vitest"
import { broken, maxInputBytes, maxInputDepth } from "../src/InputBounds.ts"

const padded = (padding: string) => `{"a":"${padding}"}`
const room = maxInputBytes - padded("").length
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)

describe("the bounds of a call's input", () => {
  it.each([
    ["as large as may be", padded("x".repeat(room)), undefined],
    ["one byte more", padded("x".repeat(room + 1)), "size"],
    ["fewer characters, and more bytes", padded("é".repeat(room / 2 + 1)), "size"],
    ["four bytes each, as large as may be", padded("\u{1D11E}".repeat(room / 4)), undefined],
    ["as deep as may be", nested(maxInputDepth), undefined],
    ["one level more", nested(maxInputDepth + 1), "depth"],
    ["deep, and never closed", '{"a":'.repeat(maxInputDepth + 1), "depth"],
    ["side by side is not deep", `[${"[],".repeat(1000)}[]]`, undefined],
    ["what is quoted is not deep", JSON.stringify({ '"[{': "[".repeat(1000) + '\\"' + "{".repeat(1000) }), undefined]
  ] as const)("%s", (_, json, bound) => {
    assert.strictEqual(broken(json), bound)
  })
})
