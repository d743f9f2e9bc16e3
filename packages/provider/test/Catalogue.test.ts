import { assert, describe, it } from "@effect/vitest"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { cost, Price, type Usage, worstCost, zero } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Anthropic from "../src/anthropic/Anthropic.ts"
import * as Catalogue from "../src/catalogue/Catalogue.ts"
import * as OpenAiChat from "../src/openai/OpenAiChat.ts"
import * as Registry from "../src/registry/Registry.ts"

const root = resolve(import.meta.dirname, "../../..")
const apiKey = Redacted.make("k")

const describedBy = (options: Registry.RegistryOptions, provider: string, model: string) =>
  Effect.flatMap(ModelsManager, (models) => models.describe({ provider, model })).pipe(
    Effect.provide(Registry.layer(options), { local: true })
  )

const anthropic = (model: string, more: Partial<Anthropic.AnthropicOptions> = {}, options = {}) =>
  describedBy({ providers: [Anthropic.make({ apiKey, ...more })], ...options }, "anthropic", model)

const groq = OpenAiChat.make({ id: "fast", baseUrl: "https://api.groq.com/openai/v1", apiKey })

describe("the catalogue of models", () => {
  it.effect("gives a model its limits, and its prices with their date", () =>
    Effect.gen(function* () {
      const sonnet = yield* anthropic("claude-sonnet-5-5")
      assert.deepInclude(sonnet, { contextWindow: 1_000_000, maxOutput: 32_000, priceDate: "2026-11-20" })
      assert.deepStrictEqual(sonnet.price, { input: 2, output: 10, cacheRead: 0.1, cacheWrite: 2.5 })
      const haiku = yield* anthropic("claude-haiku-5-5")
      assert.deepStrictEqual(haiku.price?.tiers, [
        { inputTokensAbove: 100_000, input: 0.5, output: 2.5, cacheRead: 0.05, cacheWrite: 0.625 }
      ])
    })
  )

  it.effect("is asked for the exact id of a model only, and never for names of objects", () =>
    Effect.gen(function* () {
      for (const model of ["claude-sonnet-5-5-x", "claude-sonnet", "constructor", "__proto__"])
        assert.isUndefined((yield* anthropic(model)).price, model)
      const [older, newer] = [yield* anthropic("claude-sonnet-5"), yield* anthropic("claude-sonnet-5-5")]
      assert.notDeepEqual(older.price, newer.price)
    })
  )

  it.effect("has nothing for a gateway, a port or a plain connection: prices there may differ", () =>
    Effect.gen(function* () {
      for (const baseUrl of [
        "https://gateway.example",
        "http://api.anthropic.com",
        "https://api.anthropic.com:8443",
        "https://api.anthropic.com.example"
      ]) {
        const info = yield* anthropic("claude-sonnet-5-5", { baseUrl })
        assert.deepInclude(info, { contextWindow: 200_000 }, baseUrl)
        assert.isUndefined(info.price, baseUrl)
        assert.isUndefined(info.priceDate, baseUrl)
      }
    })
  )

  it.effect("is overridden by what the user configures", () =>
    Effect.gen(function* () {
      const models = { "anthropic/claude-sonnet-5-5": { contextWindow: 50_000 } }
      const prices = { "anthropic/claude-sonnet-5-5": { input: 7, output: 8 } }
      const info = yield* anthropic("claude-sonnet-5-5", {}, { models, prices })
      assert.deepInclude(info, { contextWindow: 50_000, price: { input: 7, output: 8 } })
      assert.isUndefined(info.priceDate)
      const long = { "anthropic/claude-haiku-4-5": { maxOutputTokens: 90_000 } }
      assert.strictEqual((yield* anthropic("claude-haiku-4-5", {}, { models: long })).maxOutput, 90_000)
    })
  )

  it.effect("lowers a response limit that the model cannot reach, and no other", () =>
    Effect.gen(function* () {
      const most = yield* anthropic("claude-haiku-4-5", { maxOutputTokens: 500_000 })
      assert.strictEqual(most.maxOutput, 64_000)
      assert.strictEqual(most.settings?.["max_tokens"], 64_000)
      const little = yield* anthropic("claude-haiku-4-5", { maxOutputTokens: 500 })
      assert.strictEqual(little.settings?.["max_tokens"], 500)
    })
  )

  it.effect("knows the limits of servers that state none, without sending them, and which models read images", () =>
    Effect.gen(function* () {
      const options = { providers: [groq] }
      const llama = yield* describedBy(options, "fast", "llama-3.1-8b-instant")
      assert.deepInclude(llama, { contextWindow: 131_072, maxOutput: 131_072, settings: {} })
      assert.isUndefined(llama.accepts)
      const other = yield* describedBy(options, "fast", "not-in-the-catalogue")
      assert.isDefined(other.accepts)
      assert.isUndefined(other.maxOutput)
    })
  )

  it.effect("prices an hour of the cache as Anthropic does: twice the input", () =>
    Effect.gen(function* () {
      const usage: Usage = { ...zero, cacheWriteTokens: 1_000_000 }
      const brief = yield* anthropic("claude-sonnet-5-5")
      const long = yield* anthropic("claude-sonnet-5-5", { cacheLifetime: "1h" })
      assert.strictEqual(cost(usage, brief.price ?? { input: 0, output: 0 }), 2.5)
      assert.strictEqual(cost(usage, long.price ?? { input: 0, output: 0 }), 4)
      const haiku = yield* anthropic("claude-haiku-5-5", { cacheLifetime: "1h" })
      assert.strictEqual(cost(usage, haiku.price ?? { input: 0, output: 0 }), 1)
    })
  )

  it.effect("has no price for routers, whose price depends on what they choose", () =>
    Effect.gen(function* () {
      const at = (model: string) => Catalogue.find("https://openrouter.ai/api/v1", model)
      assert.isDefined(yield* at("openrouter/auto"))
      assert.isUndefined((yield* at("openrouter/auto"))?.price)
      assert.strictEqual((yield* at("google/gemma-4-31b-it:free"))?.price?.input, 0)
    })
  )

  it("is what scripts/models.ts makes from its source", () => {
    const shown = execFileSync(process.execPath, ["scripts/models.ts", "--check"], { cwd: root, encoding: "utf8" })
    assert.match(shown, /catalogue of 2026-11-20/)
  })

  it.effect("is where the prices in the guide come from", () =>
    Effect.gen(function* () {
      const guide = readFileSync(join(root, "docs/guide/models.md"), "utf8")
      const [, model = "", price = "", date = ""] =
        /`(claude-[\w-]+)` costs (\$[\d.]+ per million tokens of input and \$[\d.]+ of output) .*?(\d{4}-\d\d-\d\d)/s.exec(
          guide
        ) ?? []
      const facts = yield* Catalogue.find("https://api.anthropic.com", model)
      assert.strictEqual(
        price,
        `$${facts?.price?.input} per million tokens of input and $${facts?.price?.output} of output`
      )
      assert.strictEqual(date, facts?.date)
      const [, configured = ""] = /"prices": \{ "anthropic\/claude-sonnet-5-5": (\{.*?\}) \}/.exec(guide) ?? []
      const sonnet = yield* Catalogue.find("https://api.anthropic.com", "claude-sonnet-5-5")
      assert.deepStrictEqual(yield* Schema.decodeEffect(Schema.fromJsonString(Price))(configured), sonnet?.price)
    })
  )

  it.effect("gives the worst case of a request at the tier that its input reaches", () =>
    Effect.gen(function* () {
      const { price = { input: 0, output: 0 } } = yield* anthropic("claude-haiku-5-5")
      assert.strictEqual(worstCost(100_000, 1_000_000, price), (100_000 * 0.125) / 1e6 + 0.5)
      assert.strictEqual(worstCost(100_001, 1_000_000, price), (100_001 * 0.625) / 1e6 + 2.5)
    })
  )
})
