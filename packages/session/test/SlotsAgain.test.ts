import * as DynamicContextManager from "@parley/domain/DynamicContextManager"
import { InvalidRequest } from "@parley/domain/ModelError"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { empty } from "@parley/domain/SystemPrompt"
import { ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { answer, inTurn, reasons, slot } from "./support/slots.ts"
import { sessionId } from "./World.ts"

describe("values that were sent and are no longer in the context", () => {
  /** An instruction that can be changed, which makes a new baseline due. */
  const prompted = (model: Layer.Layer<ModelsManager | ScriptedModel.Requests>) => {
    const prompt = { instructions: "one" }
    const layer = Layer.mergeAll(
      model,
      ScriptedTools.layer({ kept: inTurn("the value") }),
      SessionManager.layerMemory,
      Layer.succeed(PromptManager, { prompt: Effect.sync(() => ({ ...empty, ...prompt })) }),
      DynamicContextManager.layerMemory([slot("kept", { refresh: "demand" })])
    )
    return { prompt, layer }
  }
  /** A coordinator of its own, as each process has one. */
  const started = Effect.map(Layer.build(Layer.fresh(SessionCoordinator.layer)), (built) =>
    Context.get(built, SessionCoordinator)
  )
  const values = Effect.map(ScriptedModel.Requests.all, (all) =>
    all.map(({ messages }) => JSON.stringify(messages).split("the value").length - 1)
  )

  it.effect(
    "after a new baseline, a restart or both, a value is sent again from memory without calling its tool",
    () => {
      const { layer, prompt } = prompted(ScriptedModel.layer(Array(5).fill(answer)))
      return Effect.gen(function* () {
        yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({ id: sessionId }))
        const one = yield* started
        yield* one.handleMessage({ sessionId, request: "1" })
        prompt.instructions = "two"
        yield* one.handleMessage({ sessionId, request: "2" })
        const two = yield* started
        yield* two.handleMessage({ sessionId, request: "3" })
        prompt.instructions = "three"
        const three = yield* started
        yield* three.handleMessage({ sessionId, request: "4" })
        assert.deepStrictEqual(yield* values, [1, 1, 1, 1], "once in each request")
        assert.match(
          (yield* reasons)["kept"] ?? "",
          /^kept: resolved in r1, 0 s ago; refreshed when a message asks for it$/
        )
        assert.deepStrictEqual((yield* ScriptedTools.Calls).started, ["session-1/r1/context/r1c1"])
        yield* three.handleMessage({ sessionId, request: "5", refresh: ["kept"] })
        assert.lengthOf((yield* ScriptedTools.Calls).started, 2, "but when it is named")
      }).pipe(Effect.scoped, Effect.provide(layer))
    }
  )

  it.effect("a value in a rejected request is sent with the next one without calling its tool", () => {
    const rejects = ScriptedModel.failing(new InvalidRequest({ detail: "scripted" }))
    const { layer } = prompted(ScriptedModel.layer([rejects, answer, answer]))
    return Effect.gen(function* () {
      yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({ id: sessionId }))
      const engine = yield* started
      yield* Effect.flip(engine.handleMessage({ sessionId, request: "1" }))
      yield* engine.handleMessage({ sessionId, request: "2" })
      yield* engine.handleMessage({ sessionId, request: "3" })
      assert.deepStrictEqual(yield* values, [1, 1, 1])
      assert.lengthOf((yield* ScriptedTools.Calls).started, 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  })
})
