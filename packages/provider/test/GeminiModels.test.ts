import { assert, describe, it } from "@effect/vitest"
import type { Effort } from "@parley/domain/Effort"
import { type Reply, serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Http from "@parley/http/Http"
import * as Providers from "../src/registry/Providers.ts"
import * as GeminiModels from "../src/gemini/GeminiModels.ts"
import * as GeminiSettings from "../src/gemini/GeminiSettings.ts"
import { gemini, says, stops } from "./support/Gemini.ts"
import { request, run } from "./support/Turn.ts"

const page = (value: object): Reply => ({
  body: [JSON.stringify(value)],
  headers: { "content-type": "application/json" }
})
const listed = (...replies: ReadonlyArray<Reply>) =>
  Effect.gen(function* () {
    const server = yield* serve(...replies)
    const models = yield* gemini(server.url).discover ?? Effect.succeed([])
    return { models, urls: server.received.map(({ url }) => url) }
  })

describe("the list of models of the Gemini API", () => {
  it.live("has all pages, and only the models that generate content", () =>
    Effect.gen(function* () {
      const { models, urls } = yield* listed(
        page({
          models: [
            {
              name: "models/gemini-4-neon",
              supportedGenerationMethods: ["generateContent", "countTokens"],
              inputTokenLimit: 1_048_576,
              outputTokenLimit: 65_536
            },
            { name: "models/embedding", supportedGenerationMethods: ["embedContent"] }
          ],
          nextPageToken: "a/b"
        }),
        page({ models: [{ name: "tunedModels/mine", inputTokenLimit: 0, outputTokenLimit: "many" }] })
      )
      assert.deepStrictEqual(models, [
        { name: "gemini-4-neon", contextWindow: 1_048_576, maxOutputTokens: 65_536 },
        { name: "tunedModels/mine" }
      ])
      assert.deepStrictEqual(urls, ["/v1beta/models?pageSize=1000", "/v1beta/models?pageSize=1000&pageToken=a%2Fb"])
    })
  )

  it.live("ends although the server always names another page", () =>
    Effect.gen(function* () {
      const same = yield* listed(page({ models: [{ name: "models/a" }], nextPageToken: "x" }))
      assert.lengthOf(same.urls, 2)
      const replies = Array.from({ length: 30 }, (_, i) => page({ nextPageToken: `${i}` }))
      assert.lengthOf((yield* listed(...replies)).urls, 20)
    })
  )

  it.live("fails with a typed error", () =>
    Effect.gen(function* () {
      const other = yield* Effect.flip(listed(page({ models: [{ id: "x" }] })))
      assert.match(other.reason.detail, /not a list of models/)
      const wrong = yield* Effect.flip(listed({ status: 401, body: ['{"error":{"status":"UNAUTHENTICATED"}}'] }))
      assert.strictEqual(wrong.reason._tag, "Unauthorized")
    })
  )
})

describe("a model of Gemini", () => {
  it("has signatures and reasoning according to its version", () => {
    for (const model of ["gemini-3-flash-preview", "gemini-3.1-pro", "gemini-10-x", "gemini-flash-latest"]) {
      assert.isTrue(GeminiModels.isSigned(model), model)
      assert.isTrue(GeminiModels.thinks(model), model)
    }
    assert.isTrue(GeminiModels.thinks("gemini-2.5-pro"))
    assert.isFalse(GeminiModels.isSigned("gemini-2.5-pro"))
    for (const model of ["gemini-2.0-flash", "gemma-4-31b-it"]) {
      assert.isFalse(GeminiModels.isSigned(model), model)
      assert.isFalse(GeminiModels.thinks(model), model)
    }
  })

  it("takes the efforts of its version, as a level or as a budget within the output limit", () => {
    const of = (model: string, effort: Effort, maxOutputTokens?: number) =>
      gemini("http://x").describe(model, { effort, ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }) })
        .settings?.["thinkingConfig"]
    assert.deepStrictEqual(of("gemini-4-neon", "xhigh"), { includeThoughts: true, thinkingLevel: "xhigh" })
    assert.deepStrictEqual(of("gemini-2.5-flash", "low"), { includeThoughts: true, thinkingBudget: 2048 })
    assert.deepStrictEqual(of("gemini-2.5-flash", "none"), { thinkingBudget: 0 })
    assert.deepStrictEqual(of("gemini-2.5-pro", "high", 8000), { includeThoughts: true, thinkingBudget: 6000 })
    assert.isUndefined(of("gemma-4", "low"))
    const taken = (model: string) => gemini("http://x").describe(model).efforts
    assert.deepStrictEqual(taken("gemini-4-neon"), ["low", "medium", "high", "xhigh"])
    assert.deepStrictEqual(taken("gemini-4-argon"), ["low", "medium", "high"])
    assert.deepStrictEqual(taken("gemini-3.5-flash"), ["minimal", "low", "medium", "high"])
    assert.deepStrictEqual(taken("gemini-3.8-flash"), ["low", "medium", "high"])
    assert.deepStrictEqual(taken("gemini-2.5-pro"), ["minimal", "low", "medium", "high"])
    assert.deepStrictEqual(taken("gemini-2.5-flash"), ["none", "minimal", "low", "medium", "high"])
    assert.deepStrictEqual(taken("gemini-2.0-flash"), [])
    assert.isUndefined(taken("gemini-5-new"))
  })

  it("is described with its limits and settings, and the user's limits take precedence", () => {
    const provider = gemini("http://x", { defaultModel: "m" })
    assert.strictEqual(provider.preferred, "m")
    assert.deepInclude(provider.describe("gemini-4-neon"), {
      ref: { provider: "gemini", model: "gemini-4-neon" },
      description: "Gemini 4 Neon",
      contextWindow: 1_048_576,
      maxOutput: 32_000,
      settings: { maxOutputTokens: 32_000, thinkingConfig: { includeThoughts: true } },
      endpoint: "http://x/v1beta"
    })
    assert.deepInclude(provider.describe("gemma-4", { contextWindow: 9, maxOutputTokens: 5 }), {
      contextWindow: 9,
      settings: { maxOutputTokens: 5 }
    })
    assert.deepInclude(provider.describe("gemma-4"), { contextWindow: 131_072, settings: {} })
    assert.hasAllKeys(provider.describe("gemma-4").accepts, [
      "image/jpeg",
      "image/png",
      "image/webp",
      "image/heic",
      "image/heif",
      "application/pdf"
    ])
  })

  it.live("is asked with the settings that the turn began with, as its pieces are", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [says("a"), stops("STOP")] })
      const provider = gemini(server.url, { maxOutputTokens: 9 })
      const stored = { ...request(), settings: { maxOutputTokens: 3 } }
      yield* run(provider, stored)
      yield* run(provider, request())
      assert.include(server.received[0]?.body, '{"generationConfig":{"maxOutputTokens":3},')
      assert.include(server.received[1]?.body, '{"generationConfig":{"maxOutputTokens":9},')
      const pieces = provider.render?.(stored) ?? []
      assert.strictEqual(pieces.map(({ text }) => text).join(""), server.received[0]?.body)
      const own = { maxOutputTokens: 9 }
      for (const maxOutputTokens of [0, 0.5, "1"]) assert.strictEqual(GeminiSettings.of({ maxOutputTokens }, own), own)
    })
  )
})

describe("the key of Gemini", () => {
  const url = (server: { readonly url: string }) => ({ GOOGLE_GEMINI_BASE_URL: server.url })
  const sent = (env: Readonly<Record<string, string>>) =>
    Effect.gen(function* () {
      const server = yield* serve(page({ models: [] }))
      const configured = yield* Providers.configure([], { ...env, ...url(server) })
      const loaded = yield* Effect.promise(() => Providers.load(configured, Http.make()))
      yield* loaded.find(({ id }) => id === "gemini")?.discover ?? Effect.void
      return server.received.map(({ headers }) => headers["x-goog-api-key"])
    })
  it.live("comes from the other variable only if the first is not set", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* sent({ GOOGLE_API_KEY: "other" }), ["other"])
      assert.deepStrictEqual(yield* sent({ GOOGLE_API_KEY: "other", GEMINI_API_KEY: "first\n" }), ["first"])
      assert.deepStrictEqual(yield* sent({ GEMINI_API_KEY: " " }), [])
      assert.include((yield* Effect.flip(sent({ GOOGLE_API_KEY: "a b" }))).message, "$GOOGLE_API_KEY")
    })
  )
})

describe("the base URL of the Gemini API", () => {
  const table = [
    ["http://box", "http://box/v1beta"],
    ["http://box/", "http://box/v1beta"],
    ["http://box/v1beta/", "http://box/v1beta"],
    ["http://box/v1alpha", "http://box/v1alpha"],
    ["http://box/proxy//", "http://box/proxy/v1beta"],
    [" http://box/v1/models/x:streamGenerateContent ", "http://box/v1"]
  ] as const
  for (const [url, expected] of table)
    it(`of ${url} is ${expected}`, () => assert.strictEqual(GeminiSettings.baseOf(url), expected))
})
