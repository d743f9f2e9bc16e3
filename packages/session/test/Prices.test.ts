import type { ModelInfo } from "@parley/domain/ModelsManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import type { Price } from "@parley/domain/Usage"
import { cost, zero } from "@parley/domain/Usage"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CompactionSettings } from "../src/limits/CompactionSettings.ts"
import { defaults, Limits, type RoundLimits } from "../src/limits/Limits.ts"
import { Meter, Sampled } from "../src/limits/SamplingUsage.ts"
import { answer as sample } from "../src/sampling/Sampling.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { log, send, sessionId, watched } from "./World.ts"

const { call, finish, text, usage } = Chunks
const { turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const perTurn = usage.inputTokens + usage.outputTokens
/** A turn costs as many dollars as it has tokens, and that is the worst case as well. */
const dollarPerToken: Price = { input: 0, output: (1e6 * perTurn) / usage.outputTokens }
const within = (limits: Partial<RoundLimits>) => Effect.provideService(Limits, { ...defaults, ...limits })

/** A world with a price for the models that `prices` names. */
const world = (
  turns: ReadonlyArray<ScriptedModel.Turn>,
  prices: { readonly [model: string]: Price },
  tools: Readonly<Record<string, ScriptedTools.Behaviour>> = { echo: ScriptedTools.echo }
) => {
  const models = Layer.effect(
    ModelsManager,
    Effect.map(ModelsManager, (models) => ({
      ...models,
      describe: (ref: ModelInfo["ref"]) =>
        Effect.map(models.describe(ref), ({ price: _, ...info }): ModelInfo => {
          const price = prices[ref.model]
          return { ...info, maxOutput: usage.outputTokens, ...(price === undefined ? {} : { price }) }
        })
    }))
  ).pipe(Layer.provideMerge(ScriptedModel.layer(turns)))
  return SessionCoordinator.layer.pipe(
    Layer.provideMerge([models, ScriptedTools.layer(tools), SessionManager.layerMemory, PromptManager.layerMemory()])
  )
}

const refused = <A, E extends { readonly _tag: string; readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(effect)
    const requests = (yield* ScriptedModel.Requests.all).length
    return { tag: error._tag, message: error.message, requests }
  })

describe("a cost limit", () => {
  for (const limits of [{ roundCost: 0.001 }, { sessionCost: 100 }])
    it.effect(`${Object.keys(limits)[0]} refuses a model without a price before anything is stored or sent`, () =>
      Effect.gen(function* () {
        yield* watched
        const { message, requests, tag } = yield* refused(send("go").pipe(within(limits)))
        assert.deepStrictEqual([tag, requests], ["PriceUnknown", 0])
        assert.include(message, 'prices["scripted/scripted"]')
        assert.isEmpty(yield* log)
        assert.strictEqual((yield* send("go")).status, "completed")
      }).pipe(Effect.provide(world([answer], {})))
    )

  it.effect("rejects a summarising model without a price if it may be used", () =>
    Effect.gen(function* () {
      yield* watched
      const model = { provider: "scripted", model: "small" }
      const limited = within({ roundCost: 1 })
      const { message, tag } = yield* refused(
        send("go").pipe(limited, Effect.provideService(CompactionSettings, { auto: true, model }))
      )
      assert.strictEqual(tag, "PriceUnknown")
      assert.include(message, 'prices["scripted/small"]')
      const off = Effect.provideService(CompactionSettings, { auto: false, model })
      assert.strictEqual((yield* send("go").pipe(limited, off)).status, "completed")
      const coordinator = yield* SessionCoordinator
      const asked = yield* refused(coordinator.compact(sessionId).pipe(limited, off))
      assert.strictEqual(asked.tag, "PriceUnknown")
    }).pipe(Effect.provide(world([answer], { scripted: { input: 0, output: 0 } })))
  )

  it.effect("on a session rejects earlier usage at an unknown price, unlike a limit on the round", () =>
    Effect.gen(function* () {
      yield* watched
      const model = { provider: "scripted", model: "free" }
      yield* SessionCoordinator.use((coordinator) => coordinator.handleMessage({ sessionId, request: "go", model }))
      const { message, requests } = yield* refused(send("go").pipe(within({ sessionCost: 100 })))
      assert.include(message, `${perTurn} tokens at a price that was not known`)
      assert.strictEqual(requests, 1)
      assert.strictEqual((yield* send("go").pipe(within({ roundCost: 100 }))).status, "completed")
    }).pipe(Effect.provide(world([answer, answer], { scripted: { input: 0, output: 0 } })))
  )

  it.effect("on a session applies to summaries as well", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("one ".repeat(400))
      yield* send("two ".repeat(400))
      const coordinator = yield* SessionCoordinator
      for (const limits of [{ sessionCost: 2 * perTurn }, { sessionTokens: 2 * perTurn }]) {
        const { requests, tag } = yield* refused(coordinator.compact(sessionId).pipe(within(limits)))
        assert.deepStrictEqual([tag, requests], ["CapReached", 2])
      }
    }).pipe(Effect.provide(world([answer, answer, answer], { scripted: dollarPerToken })))
  )

  it("never underestimates the price of cached tokens", () => {
    const cached = { ...zero, cacheReadTokens: 1e6, cacheWriteTokens: 1e6 }
    assert.strictEqual(cost(cached, { input: 3, output: 15 }), 9)
    assert.strictEqual(cost(cached, { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }), 4.05)
  })
})

describe("sampling", () => {
  const request = { server: "s", calls: [], ask: false, system: "", messages: [], maxTokens: 10 }
  const asking = { ...request, messages: [{ role: "user" as const, content: [{ _tag: "Text" as const, text: "hi" }] }] }

  it.effect("is declined if a cost limit is set and the price is not known", () =>
    Effect.gen(function* () {
      const said = yield* sample(asking).pipe(within({ roundCost: 1 }))
      assert.strictEqual(said._tag, "Declined")
      assert.include(said._tag === "Declined" ? said.reason : "", 'prices["scripted/scripted"]')
      assert.isEmpty(yield* ScriptedModel.Requests.all)
    }).pipe(Effect.provide(world([answer], {})))
  )

  const meter = new Meter()
  const limits = within({ roundCost: 2 * perTurn })
  it.effect("counts towards the limits of the round in which it happens", () =>
    Effect.gen(function* () {
      yield* watched
      const { requests, tag } = yield* refused(send("go").pipe(limits))
      assert.deepStrictEqual([tag, requests], ["CapReached", 1])
      const said = yield* Effect.provideService(sample(asking).pipe(within({ roundCost: perTurn })), Sampled, meter)
      assert.strictEqual(said._tag, "Declined")
      // The next round begins at nothing.
      assert.strictEqual((yield* send("go").pipe(limits)).status, "completed")
    }).pipe(
      Effect.provide(
        world(
          [turn(call(0, "samples"), [finish("tool-calls")]), answer, answer, answer],
          { scripted: dollarPerToken },
          {
            samples: (input) =>
              Effect.andThen(
                Effect.sync(() => meter.add({ ...zero, inputTokens: perTurn }, { input: 1e6, output: 0 })),
                ScriptedTools.says("ok")(input)
              )
          }
        )
      ),
      Effect.provideService(Sampled, meter)
    )
  )
})
