import { assert, describe, it } from "@effect/vitest"
import type { ModelError } from "@parley/domain/ModelError"
import type { ModelRef } from "@parley/domain/ModelRef"
import { ModelsManager } from "@parley/domain/ModelsManager"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Anthropic from "../src/anthropic/Anthropic.ts"
import * as Demo from "../src/demo/Demo.ts"
import * as Registry from "../src/registry/Registry.ts"
import { message } from "@parley/harness/Events"
import { serve } from "@parley/harness/SseServer"
import { request } from "./support/Turn.ts"

const demo = Demo.make()
const anthropic = Anthropic.make({ apiKey: Redacted.make("k"), defaultModel: "claude-x" })

const within = <A, E>(
  options: Registry.RegistryOptions,
  use: (models: ModelsManager["Service"]) => Effect.Effect<A, E>
): Effect.Effect<A, E> => Effect.flatMap(ModelsManager, use).pipe(Effect.provide(Registry.layer(options)))

const detail = (error: ModelError): string => {
  assert.strictEqual(error.reason._tag, "UnknownModel")
  return error.reason.detail
}

describe("Registry", () => {
  it.effect("passes a request to the provider that its model names", () =>
    within({ providers: [anthropic, demo] }, (models) =>
      Effect.gen(function* () {
        const chunks = yield* Stream.runCollect(
          models.stream({ ...request(), model: { provider: "demo", model: "demo" } })
        )
        assert.strictEqual(chunks.at(-1)?._tag, "Finish")
      })
    )
  )

  it.effect("prefers the configured model, or else the preferred model of the first provider", () =>
    Effect.gen(function* () {
      const mine: ModelRef = { provider: "demo", model: "demo" }
      assert.deepStrictEqual(yield* within({ providers: [anthropic, demo], preferred: mine }, (m) => m.preferred), mine)
      assert.deepStrictEqual(yield* within({ providers: [anthropic, demo] }, (m) => m.preferred), {
        provider: "anthropic",
        model: "claude-x"
      })
    })
  )

  it.effect("lists all providers' models in order, and the preferred one even if its provider does not list it", () =>
    within({ providers: [anthropic, demo] }, (models) =>
      Effect.gen(function* () {
        const all = yield* models.models
        assert.deepStrictEqual(
          all.map(({ ref }) => ref),
          [...anthropic.models, ...demo.models, anthropic.describe("claude-x")].map(({ ref }) => ref)
        )
        assert.isAbove(new Set(all.map(({ description }) => description)).size, 4)
      })
    )
  )

  it.effect("prefers the user's prices to the provider's", () =>
    within(
      {
        providers: [anthropic, demo],
        prices: { "anthropic/claude-x": { input: 1, output: 2 }, "demo/demo": { input: 3, output: 4 } }
      },
      (models) =>
        Effect.gen(function* () {
          const described = yield* models.describe({ provider: "anthropic", model: "claude-x" })
          const listed = (yield* models.models).find(({ ref }) => ref.provider === "demo")
          const free = yield* models.describe({ provider: "anthropic", model: "constructor" })
          assert.deepStrictEqual(described.price, { input: 1, output: 2 })
          assert.deepStrictEqual(listed?.price, { input: 3, output: 4 })
          assert.isUndefined(free.price)
        })
    )
  )

  it.effect("the user's limits of a model take precedence over the provider's, and are sent", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn")] })
      const providers = [Anthropic.make({ apiKey: Redacted.make("k"), baseUrl: server.url }), demo]
      const models = {
        "anthropic/claude-x": { contextWindow: 1_000_000, maxOutputTokens: 64_000 },
        "demo/demo": { contextWindow: 500 }
      }
      const of = (model: string) => ({ ...request(), model: { provider: "anthropic", model } })
      yield* within({ providers, models }, (manager) =>
        Effect.gen(function* () {
          const large = yield* manager.describe({ provider: "anthropic", model: "claude-x" })
          const other = yield* manager.describe({ provider: "anthropic", model: "constructor" })
          assert.deepInclude(large, { contextWindow: 1_000_000, maxOutput: 64_000 })
          assert.deepInclude(other, { contextWindow: 200_000, maxOutput: 32_000 })
          const listed = yield* manager.models
          assert.strictEqual(listed.find(({ ref }) => ref.provider === "demo")?.contextWindow, 500)
          assert.isUndefined(demo.describe("demo").contextWindow)

          yield* Stream.runDrain(manager.stream(of("claude-x")))
          yield* Stream.runDrain(manager.stream(of("constructor")))
          // The settings that the turn began with take precedence over the configured ones.
          yield* Stream.runDrain(manager.stream({ ...of("claude-x"), settings: { max_tokens: 5 } }))
          assert.deepStrictEqual(
            server.received.map(({ body }) => /"max_tokens":(\d+)/.exec(body)?.[1]),
            ["64000", "32000", "5"]
          )
          const pieces = (yield* manager.render?.(of("claude-x")) ?? Effect.undefined) ?? []
          assert.strictEqual(pieces.map(({ text }) => text).join(""), server.received[0]?.body)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.effect("counts tokens only with a provider that can count, and fails for an unknown provider", () =>
    Effect.gen(function* () {
      const counting = { ...demo, id: "counting", count: () => Effect.succeed(42) }
      yield* within({ providers: [counting, demo] }, (manager) =>
        Effect.gen(function* () {
          const count = (provider: string) =>
            manager.count?.({ ...request(), model: { provider, model: "demo" } }) ?? Effect.undefined
          assert.strictEqual(yield* count("counting"), 42)
          assert.isUndefined(yield* count("demo"))
          assert.strictEqual((yield* Effect.flip(count("nobody"))).reason._tag, "UnknownModel")
        })
      )
    })
  )

  it.effect("an unknown provider fails everywhere, and the error lists what is configured", () =>
    within({ providers: [anthropic, demo] }, (models) =>
      Effect.gen(function* () {
        const ref = { provider: "constructor", model: "x" }
        const errors = [
          yield* Effect.flip(models.describe(ref)),
          yield* models.stream({ ...request(), model: ref }).pipe(Stream.runDrain, Effect.flip)
        ]
        for (const error of errors)
          assert.strictEqual(
            detail(error),
            'there is no provider "constructor"; configured: anthropic/claude-x, demo/demo'
          )
      })
    )
  )

  it.effect("the error for an unavailable provider states what to do", () =>
    within(
      {
        providers: [demo],
        preferred: { provider: "anthropic", model: "x" },
        unavailable: { anthropic: "set ANTHROPIC_API_KEY" }
      },
      (models) =>
        Effect.gen(function* () {
          const expected = "anthropic/x cannot be used: set ANTHROPIC_API_KEY; configured: demo/demo"
          assert.strictEqual(detail(yield* Effect.flip(models.preferred)), expected)
          assert.strictEqual(
            detail(yield* Effect.flip(models.describe({ provider: "anthropic", model: "x" }))),
            expected
          )
          assert.strictEqual((yield* models.models).length, 1)
        })
    )
  )

  it.effect("without providers there is no preferred model", () =>
    within({ providers: [] }, (models) =>
      Effect.gen(function* () {
        assert.strictEqual(detail(yield* Effect.flip(models.preferred)), "no provider is configured")
        assert.deepStrictEqual(yield* models.models, [])
      })
    )
  )

  it.effect("if two providers have the same id, the first is used", () =>
    within({ providers: [demo, { ...demo, preferred: "other", models: [] }] }, (models) =>
      Effect.map(models.models, (all) => assert.deepStrictEqual(all, demo.models))
    )
  )
})
