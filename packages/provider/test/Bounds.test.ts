import { assert, it } from "@effect/vitest"
import { exceeds, maxAnswer, maxNoise, maxRequestBytes } from "../src/text/Bounds.ts"

it("a text exceeds a limit if its UTF-8 bytes do", () => {
  for (const [text, bytes] of [
    ["x".repeat(12), 12],
    ["é".repeat(6), 12],
    ["€".repeat(4), 12],
    ["😀".repeat(3), 12],
    ["xé€😀", 10],
    ["", 0]
  ] as const) {
    assert.isFalse(exceeds(text, bytes), text)
    assert.isTrue(exceeds(text, bytes - 1), text)
  }
})

it("the limits for a response, for noise and for a request are large enough for real ones", () => {
  assert.deepStrictEqual(
    [maxAnswer, maxNoise, maxRequestBytes].map((bytes) => bytes / 1024 / 1024),
    [16, 256, 32]
  )
})
