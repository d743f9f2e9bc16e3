import { assert, describe, it } from "@effect/vitest"
import { describe as described, images, models } from "../src/anthropic/AnthropicModels.ts"
import { parseObject, string } from "../src/text/JsonObject.ts"

const own = { max_tokens: 32_000, cache_control: { type: "ephemeral" } } as const

describe("the description of a model", () => {
  it("contains its name, its limits and its settings", () => {
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

  it("uses each limit that the user configures", () => {
    const window = described("m", own, { contextWindow: 1_000_000 })
    assert.deepInclude(window, { contextWindow: 1_000_000, maxOutput: 32_000, settings: own })
    const output = described("m", own, { maxOutputTokens: 64_000 })
    assert.deepInclude(output, {
      contextWindow: 200_000,
      maxOutput: 64_000,
      settings: { ...own, max_tokens: 64_000 }
    })
  })

  it("lists the accepted files, with sizes below the API's limits", () => {
    const accepts: { readonly [type: string]: number } = { ...described("m", own).accepts }
    assert.deepStrictEqual(
      Object.keys(accepts).toSorted((left, right) => (left < right ? -1 : 1)),
      ["application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp"]
    )
    for (const type of images) assert.strictEqual((accepts[type] ?? 0) * 4, 5 * 1024 * 1024 * 3, type)
    assert.strictEqual(accepts["application/pdf"], 16 * 1024 * 1024)
  })
})

describe("a value that the API sends", () => {
  it("is an object or undefined", () => {
    assert.deepStrictEqual(parseObject('{"a":[1]}'), { a: [1] })
    for (const json of ["[1]", "null", "1", '"a"', "{", ""]) assert.isUndefined(parseObject(json), json)
  })

  it("is a string, or counts as an empty one", () => {
    assert.deepStrictEqual(["a", "", null, undefined, 7, ["a"]].map(string), ["a", "", "", "", "", ""])
  })
})
