import { assert, describe, it } from "@effect/vitest"
import { describe as described, images, models } from "../src/AnthropicModels.ts"
import { parseObject, string } from "../src/AnthropicWire.ts"

const own = { max_tokens: 32_000, cache_control: { type: "ephemeral" } } as const

describe("what is known of a model", () => {
  it("is its name, its limits, and what is said to it", () => {
    assert.deepInclude(described("claude-haiku-5-5", own), {
      ref: { provider: "anthropic", model: "claude-haiku-5-5" },
      description: "Claude Haiku 5.5",
      contextWindow: 200_000,
      maxOutput: 32_000,
      settings: own
    })
    assert.strictEqual(described("constructor", own).description, "A model of the Anthropic API")
    assert.strictEqual(new Set(models.map((model) => described(model, own).description)).size, models.length)
  })

  it("is what the user states of it, each by itself", () => {
    const window = described("m", own, { contextWindow: 1_000_000 })
    assert.deepInclude(window, { contextWindow: 1_000_000, maxOutput: 32_000, settings: own })
    const output = described("m", own, { maxOutputTokens: 64_000 })
    assert.deepInclude(output, {
      contextWindow: 200_000,
      maxOutput: 64_000,
      settings: { ...own, max_tokens: 64_000 }
    })
  })

  it("has the files that it takes, smaller than what the API refuses", () => {
    const accepts: { readonly [type: string]: number } = { ...described("m", own).accepts }
    assert.deepStrictEqual(
      Object.keys(accepts).toSorted((left, right) => (left < right ? -1 : 1)),
      ["application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp"]
    )
    for (const type of images) assert.strictEqual((accepts[type] ?? 0) * 4, 5 * 1024 * 1024 * 3, type)
    assert.strictEqual(accepts["application/pdf"], 16 * 1024 * 1024)
  })
})

describe("a piece of what the API sends", () => {
  it("is an object or nothing", () => {
    assert.deepStrictEqual(parseObject('{"a":[1]}'), { a: [1] })
    for (const json of ["[1]", "null", "1", '"a"', "{", ""]) assert.isUndefined(parseObject(json), json)
  })

  it("is a text, or counts as an empty one", () => {
    assert.deepStrictEqual(["a", "", null, undefined, 7, ["a"]].map(string), ["a", "", "", "", "", ""])
  })
})
