import { assert, describe, it } from "@effect/vitest"
import { type Effort, levels } from "@parley/domain/Effort"
import { parse } from "@parley/domain/ModelRef"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { joined } from "../src/request/Pieces.ts"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Demo from "../src/demo/Demo.ts"
import type { ModelProvider } from "../src/contract/ModelProvider.ts"
import * as Registry from "../src/registry/Registry.ts"
import { chat, responses } from "./support/OpenAi.ts"
import { provider, request } from "./support/Turn.ts"

const anthropic = provider("https://api.anthropic.com")
const compatible = provider("https://models.example/anthropic")
const openai = responses("https://api.openai.com/v1")
const local = chat("http://127.0.0.1:11434/v1")

/** The settings of a model's requests with this effort, besides those that they have without it. */
const added = (from: ModelProvider, model: string, effort: Effort) => {
  const before = from.describe(model).settings ?? {}
  const after = from.describe(model, { effort }).settings ?? {}
  return Object.fromEntries(Object.entries(after).filter(([key]) => !Object.hasOwn(before, key)))
}
const budget = (budget_tokens: number) => ({ thinking: { type: "enabled", budget_tokens } })
const adaptive = (effort: string) => ({
  thinking: { type: "adaptive", display: "summarized" },
  output_config: { effort }
})
const bound = (effort: string) => ({
  thinking: {
    type: "adaptive",
    display: "summarized",
    block_binding: { prefix_mismatch_behavior: "drop_block" }
  },
  output_config: { effort },
  betas: ["thinking-binding-controls-2026-08-01"]
})

describe("an effort", () => {
  const cases: ReadonlyArray<readonly [string, ModelProvider, string, Effort, object]> = [
    ["decides about adaptive thinking", anthropic, "claude-opus-5-5", "high", bound("high")],
    ["is a budget for older models", anthropic, "claude-haiku-4-5", "high", budget(16_000)],
    ["has the smallest budget there is", anthropic, "claude-opus-4-5-20251101", "minimal", budget(1024)],
    ["leaves a quarter for the response", anthropic, "claude-sonnet-4-20250514", "max", budget(24_000)],
    ["is a budget at other servers of this API", compatible, "glm-5", "low", budget(4000)],
    ["switches thinking off", anthropic, "claude-haiku-5-5", "none", { thinking: { type: "disabled" } }],
    ["asks only Anthropic to drop thinking", compatible, "claude-opus-5-5", "low", adaptive("low")],
    ["asks no model that does not know the option", anthropic, "claude-sonnet-4-6", "max", adaptive("max")],
    ["is that of the Responses API", openai, "gpt-6.2-sol", "max", { reasoning: { effort: "max", summary: "auto" } }],
    ["asks for no summary of nothing", openai, "gpt-6-luna", "none", { reasoning: { effort: "none" } }],
    ["is that of Chat Completions", local, "qwen3:8b", "none", { reasoning_effort: "none" }]
  ]
  for (const [what, from, model, effort, expected] of cases)
    it(`${what}: ${model}, ${effort}`, () => assert.deepStrictEqual(added(from, model, effort), expected))

  it("asks for no summary where the account gets none", () =>
    assert.deepStrictEqual(
      added(responses("https://api.openai.com/v1", { reasoningSummary: false }), "gpt-6.2-sol", "high"),
      { reasoning: { effort: "high" } }
    ))

  it("always leaves a budget below the output limit", () => {
    for (const maxOutputTokens of [2048, 3000, 8192, 64_000])
      for (const effort of levels) {
        const { settings } = anthropic.describe("claude-haiku-4-5", { effort, maxOutputTokens })
        const thinking = JSON.stringify(settings?.["thinking"])
        const tokens = Number(/"budget_tokens":(\d+)/.exec(thinking)?.[1] ?? 1024)
        assert.isTrue(tokens >= 1024 && tokens < maxOutputTokens, `${effort} of ${maxOutputTokens}: ${tokens}`)
      }
    assert.deepStrictEqual(anthropic.describe("claude-haiku-4-5", { maxOutputTokens: 2000 }).efforts, ["none"])
  })

  it("is part of the request's body, which is the same again with the stored settings", () => {
    for (const [from, model, text] of [
      [anthropic, "claude-opus-5-5", '"output_config":{"effort":"high"}'],
      [openai, "gpt-6.2-sol", '"reasoning":{"effort":"high","summary":"auto"}'],
      [local, "qwen3:8b", '"reasoning_effort":"high"']
    ] as const) {
      const { ref, settings } = from.describe(model, { effort: "high" })
      assert.isDefined(settings)
      const body = joined(from.render?.({ ...request(), model: ref, settings }) ?? [])
      assert.include(body, text)
      assert.notInclude(body, "betas")
      assert.notInclude(joined(from.render?.({ ...request(), model: ref }) ?? []), "effort")
    }
  })
})

describe("the efforts that a model takes", () => {
  const up = ["low", "medium", "high", "xhigh", "max"]
  const cases: ReadonlyArray<readonly [ModelProvider, string, ReadonlyArray<string> | undefined]> = [
    [anthropic, "claude-opus-5-5", up],
    [anthropic, "claude-fable-5", up],
    [anthropic, "claude-haiku-5-5", ["none", ...up]],
    [anthropic, "claude-opus-4-7", ["none", ...up]],
    [anthropic, "claude-sonnet-4-6", ["none", "low", "medium", "high", "max"]],
    [anthropic, "claude-haiku-4-5", levels],
    [anthropic, "us.anthropic.claude-opus-4-1-20250805-v1:0", levels],
    [compatible, "glm-5", undefined],
    [openai, "gpt-6.2-sol", up],
    [openai, "gpt-6.2-astra", up],
    [openai, "gpt-6.1-terra", ["none", ...up]],
    [openai, "gpt-6-luna", ["none", ...up]],
    [openai, "gpt-5.4-mini", ["none", "low", "medium", "high", "xhigh"]],
    [openai, "gpt-5.1", ["none", "low", "medium", "high"]],
    [openai, "gpt-5-mini", ["minimal", "low", "medium", "high"]],
    [openai, "gpt-5-pro", ["high"]],
    [openai, "gpt-5.2-pro", ["medium", "high", "xhigh"]],
    [openai, "o3", ["low", "medium", "high"]],
    [openai, "gpt-4.1", []],
    [openai, "gpt-7", undefined],
    [local, "qwen3:8b", undefined],
    [Demo.make(), "demo", []]
  ]
  for (const [from, model, expected] of cases)
    it(`are known for ${model}`, () => assert.deepStrictEqual(from.describe(model).efforts, expected))
})

describe("a registry", () => {
  const described = (options: Partial<Registry.RegistryOptions>, text: string) =>
    Effect.gen(function* () {
      const models = yield* ModelsManager
      return yield* models.describe(yield* Effect.fromOption(parse(text)))
    }).pipe(
      Effect.match({ onFailure: (error) => error.message, onSuccess: ({ settings }) => settings }),
      Effect.provide(Registry.layer({ providers: [openai, anthropic, Demo.make()], ...options }), { local: true })
    )

  it.effect("refuses an effort that the model does not take, naming those that it takes", () =>
    Effect.gen(function* () {
      const preferred = Option.getOrThrow(parse("openai/gpt-6.2-sol"))
      for (const effort of ["none", "minimal"] as const)
        assert.strictEqual(
          yield* described({ preferred, effort }, "openai/gpt-6.2-sol"),
          `The model does not support what was asked of it: openai/gpt-6.2-sol does not take the effort ${effort}; it takes low, medium, high, xhigh, max`
        )
      const models = { "demo/demo": { effort: "high" as const } }
      assert.strictEqual(
        yield* described({ models }, "demo/demo"),
        "The model does not support what was asked of it: demo/demo takes no effort, so leave out the effort high"
      )
    })
  )

  it.effect("asks the preferred model for the given effort, and others for their own", () =>
    Effect.gen(function* () {
      const preferred = Option.getOrThrow(parse("openai/gpt-6.2-sol"))
      const models = { "openai/gpt-6.2-sol": { effort: "low" }, "openai/gpt-6-luna": { effort: "none" } } as const
      const all = { preferred, models, effort: "max" } as const
      assert.deepInclude(yield* described(all, "openai/gpt-6.2-sol"), { reasoning: { effort: "max", summary: "auto" } })
      assert.deepInclude(yield* described(all, "openai/gpt-6-luna"), { reasoning: { effort: "none" } })
      assert.notProperty(yield* described(all, "openai/gpt-6.1-terra"), "reasoning")
      assert.deepInclude(yield* described({ models }, "openai/gpt-6.2-sol"), {
        reasoning: { effort: "low", summary: "auto" }
      })
      assert.deepInclude(yield* described({ effort: "low" }, "openai/gpt-6.2-sol"), {
        reasoning: { effort: "low", summary: "auto" }
      })
    })
  )

  it.effect("asks a fallback model for the nearest effort that it takes, or for its own if none is known", () =>
    Effect.gen(function* () {
      const named = (text: string) => Option.getOrThrow(parse(text))
      const all = (effort: Effort, own?: Effort) => ({
        preferred: named("openai/gpt-6.2-sol"),
        fallbacks: ["openai/gpt-6-luna", "openai/gpt-5.4-mini", "openai/gpt-7", "demo/demo"].map(named),
        effort,
        ...(own === undefined
          ? {}
          : { models: { "openai/gpt-6-luna": { effort: own }, "openai/gpt-7": { effort: own } } })
      })
      const effortOf = (settings: unknown) => /"effort":"(\w+)"/.exec(JSON.stringify(settings))?.[1]
      const asked = (options: ReturnType<typeof all>, model: string) => Effect.map(described(options, model), effortOf)
      assert.strictEqual(yield* asked(all("max", "low"), "openai/gpt-6-luna"), "max")
      assert.strictEqual(yield* asked(all("max"), "openai/gpt-5.4-mini"), "xhigh")
      assert.strictEqual(yield* asked(all("max", "low"), "openai/gpt-7"), "low")
      assert.isUndefined(yield* asked(all("max"), "openai/gpt-7"))
      assert.isUndefined(yield* asked(all("high"), "demo/demo"))
      assert.isUndefined(yield* asked(all("max"), "openai/gpt-6.1-terra"), "a model that is not in the chain")
    })
  )
})
