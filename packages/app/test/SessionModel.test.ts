import { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { Unauthorized } from "@parley/domain/ModelError"
import { PromptManager } from "@parley/domain/PromptManager"
import { fromEvents } from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import * as LanguageModelProvider from "@parley/provider/LanguageModel"
import * as Registry from "@parley/provider/Registry"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { LanguageModel, Tool, Toolkit } from "effect/ai"
import { make } from "../src/sessions/SessionModel.ts"

const sessionId = SessionId.make("session-1")
const { call, finish, text } = Chunks
const { failing, turn } = ScriptedModel
const looks = turn(text(0, "I look. "), call(1, "look", {}), [finish("tool-calls")])
const answers = turn(text(0, "It ", "is blue."), [finish()])

const engine = (turns: ReadonlyArray<ScriptedModel.Turn>) =>
  Layer.effect(
    LanguageModel.LanguageModel,
    Effect.andThen(
      SessionManager.use((sessions) => sessions.create({ id: sessionId })),
      make(sessionId)
    )
  ).pipe(
    Layer.provideMerge(SessionCoordinator.layer),
    Layer.provideMerge([
      SessionManager.layerMemory,
      McpManager.layerMemory({ look: () => "blue" }),
      ScriptedModel.layer(turns),
      PromptManager.layerMemory({ instructions: "Be brief." })
    ])
  )
const stored = Effect.map(
  SessionManager.use((sessions) => sessions.read(sessionId, 0)),
  (entries) => fromEvents(sessionId, entries)
)

describe("a session as a model of effect/ai", () => {
  it.effect("streams the text of a round, whose tools the session runs", () =>
    Effect.gen(function* () {
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "Which colour is it?" }))
      const words = parts.flatMap((part) => (part.type === "text-delta" ? [part.delta] : [])).join("")
      assert.strictEqual(words, "I look. It is blue.")
      const end = parts.at(-1)
      assert.strictEqual(end?.type === "finish" ? end.usage.outputTokens.total : 0, 10, "both turns are counted")
      const { rounds } = yield* stored
      assert.strictEqual(rounds[0]?.turns[0]?.toolCalls[0]?.state, "settled")
    }).pipe(Effect.provide(engine([looks, answers])))
  )

  it.effect("sends only the last message of a prompt, because the session has its own history", () =>
    Effect.gen(function* () {
      const { text: words } = yield* LanguageModel.generateText({
        prompt: [
          { role: "user", content: "an old question" },
          { role: "assistant", content: "an old answer" },
          { role: "user", content: "a new question" }
        ]
      })
      assert.strictEqual(words, "It is blue.")
      const { rounds } = yield* stored
      assert.deepStrictEqual(
        rounds.map(({ request }) => request),
        [[{ _tag: "Text", text: "a new question" }]]
      )
    }).pipe(Effect.provide(engine([answers])))
  )

  it.effect("refuses tools, structured output and prompts that end otherwise, and stores nothing", () =>
    Effect.gen(function* () {
      const tools = Toolkit.make(Tool.make("other", { success: Schema.String }))
      const toolkit = Effect.provide(tools, tools.toLayer({ other: () => Effect.succeed("") }))
      const failures = [
        yield* Effect.flip(LanguageModel.generateText({ prompt: "hi", toolkit })),
        yield* Effect.flip(LanguageModel.generateObject({ prompt: "hi", schema: Schema.Struct({ a: Schema.String }) })),
        yield* Effect.flip(LanguageModel.generateText({ prompt: [{ role: "assistant", content: "hi" }] }))
      ]
      assert.deepStrictEqual(
        failures.map((error) => /a session has its own tools|answers with text|end with a message/.test(error.message)),
        [true, true, true]
      )
      assert.deepStrictEqual((yield* stored).rounds, [])
    }).pipe(Effect.provide(engine([])))
  )

  it.effect("fails with the reason for which the round failed", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "hi" }))
      assert.include(error.message, "The provider refused the key")
    }).pipe(Effect.provide(engine([failing(new Unauthorized({ detail: "no" }))])))
  )

  it.effect("can itself be the model of another session", () =>
    Effect.gen(function* () {
      const model = yield* LanguageModel.LanguageModel
      const outer = SessionId.make("outer")
      const Outer = SessionCoordinator.layer.pipe(
        Layer.provideMerge([
          Layer.fresh(SessionManager.layerMemory),
          McpManager.layerMemory({}),
          Registry.layer({ providers: [LanguageModelProvider.make({ id: "inner", name: "session", model })] }),
          PromptManager.layerMemory()
        ]),
        Layer.fresh
      )
      const round = yield* Effect.gen(function* () {
        yield* SessionManager.use((sessions) => sessions.create({ id: outer }))
        return yield* SessionCoordinator.use((coordinator) =>
          coordinator.handleMessage({ sessionId: outer, request: "Which colour is it?" })
        )
      }).pipe(Effect.provide(Outer))
      assert.deepStrictEqual(round.turns.at(-1)?.content, [
        { _tag: "Text", text: "I look. " },
        { _tag: "Text", text: "It is blue." }
      ])
    }).pipe(Effect.provide(engine([looks, answers])))
  )
})
