import { textOf } from "@parley/domain/Content"
import { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import { ModelError, Unauthorized } from "@parley/domain/ModelError"
import { PromptManager } from "@parley/domain/PromptManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { SessionManager } from "@parley/domain/SessionManager"
import { zero } from "@parley/domain/Usage"
import { Meter, Sampled } from "@parley/session/SamplingUsage"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch, Layer, Stream } from "effect"
import * as SessionTitles from "../src/engine/SessionTitles.ts"
import * as RunRound from "../src/sessions/RunRound.ts"

const small = { provider: "p", model: "small" }
const id = SessionId.make("session-1")

const chunks = (text: string): ReadonlyArray<ProviderChunk> => [
  { _tag: "TextDelta", index: 0, text },
  { _tag: "Finish", stop: "end", usage: { ...zero, inputTokens: 7, outputTokens: 3 } }
]

/** An engine whose small model answers with `titles`; what it was asked, and what it used. */
const world = (
  titles: (request: ModelRequest) => Stream.Stream<ProviderChunk, ModelError>,
  model: typeof small | undefined
) => {
  const requests: Array<ModelRequest> = []
  const meter = new Meter()
  const models = Layer.effect(
    ModelsManager,
    Effect.map(ModelsManager, (models) =>
      ModelsManager.of({
        ...models,
        describe: (ref) =>
          ref.model === "small" ? Effect.succeed({ ref: small, description: "" }) : models.describe(ref),
        stream: (request) => {
          if (request.model.model !== "small") return models.stream(request)
          requests.push(request)
          return titles(request)
        }
      })
    )
  ).pipe(Layer.provide(ModelsManager.layerMemory))
  const layer = SessionCoordinator.layer.pipe(
    Layer.provideMerge(SessionTitles.layer(model)),
    Layer.provideMerge([
      SessionManager.layerMemory,
      McpManager.layerMemory({}),
      models,
      PromptManager.layerMemory({ instructions: "Be brief." }),
      Layer.succeed(Sampled, meter)
    ])
  )
  return { layer, requests, meter }
}

const send = (request: string) => RunRound.run({ sessionId: id, request }, () => Effect.yieldNow)
const titleNow = Effect.gen(function* () {
  const sessions = yield* SessionManager
  const { title, titledBy } = yield* sessions.get(id)
  return [title, titledBy]
})

describe("titles from a model", () => {
  it.effect("are one small request, which is counted, and stay", () => {
    const { layer, meter, requests } = world(() => Stream.fromArray(chunks('# "Counting apples."\nmore')), small)
    return Effect.gen(function* () {
      yield* SessionManager.use((sessions) => sessions.create({ id }))
      yield* send("How many apples are there?")
      assert.deepStrictEqual(yield* titleNow, ["Counting apples", "model"])
      yield* send("And pears?")
      assert.lengthOf(requests, 1)
      assert.deepInclude(requests[0], { model: small, system: "", tools: [] })
      const [message] = requests[0]?.messages ?? []
      assert.include(textOf(message?.content ?? []), "How many apples are there?")
      assert.strictEqual(meter.inAll.tokens, 10)
    }).pipe(Effect.provide(layer))
  })

  it.effect("are not waited for: the round ends first, and the next one asks again", () => {
    const latch = Latch.makeUnsafe(false)
    const { layer, requests } = world(
      () => Stream.unwrap(Effect.as(latch.await, Stream.fromArray(chunks("Late")))),
      small
    )
    return Effect.gen(function* () {
      yield* SessionManager.use((sessions) => sessions.create({ id }))
      assert.strictEqual((yield* send("First words")).status, "completed")
      assert.deepStrictEqual(yield* titleNow, ["First words", undefined])
      yield* latch.open
      yield* send("More")
      assert.deepStrictEqual([yield* titleNow, requests.length], [["Late", "model"], 2])
    }).pipe(Effect.provide(layer))
  })

  it.effect("are not asked for if the user gave one", () => {
    const { layer, requests } = world(() => Stream.fromArray(chunks("Suggested")), small)
    return Effect.gen(function* () {
      const sessions = yield* SessionManager
      yield* sessions.create({ id, title: "Mine" })
      yield* send("First words")
      assert.deepStrictEqual([yield* titleNow, requests.length], [["Mine", "user"], 0])
    }).pipe(Effect.provide(layer))
  })

  it.effect("are left out if the model fails, says nothing, or none is configured", () =>
    Effect.gen(function* () {
      const failure = new ModelError({ reason: new Unauthorized({ detail: "no key" }) })
      for (const [titles, model] of [
        [() => Stream.fail(failure), small],
        [() => Stream.fromArray(chunks(' "" ')), small],
        [() => Stream.fromArray(chunks("Unasked")), undefined]
      ] as const) {
        const { layer } = world(titles, model)
        yield* Effect.gen(function* () {
          yield* SessionManager.use((sessions) => sessions.create({ id }))
          assert.strictEqual((yield* send("First words")).status, "completed")
          assert.deepStrictEqual(yield* titleNow, ["First words", undefined])
        }).pipe(Effect.provide(layer, { local: true }))
      }
    })
  )
})
