import { textOf } from "@parley/domain/Content"
import { RequestId } from "@parley/domain/Ids"
import { QuotaExhausted } from "@parley/domain/ModelError"
import { SessionManager } from "@parley/domain/SessionManager"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Fallbacks } from "../src/limits/Fallbacks.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { Answer, answers, ask, other, outputWorld, right, says } from "./support/OutputWorld.ts"
import { telemetry } from "./support/Telemetry.ts"
import { checkInvariants, log, send, sessionId, watched } from "./World.ts"

const ann = { name: "Ann", age: 41 }
const lastText = Effect.map(ScriptedModel.Requests.all, (all) => textOf(all.at(-1)?.messages.at(-1)?.content ?? []))

const overloaded = ScriptedModel.failing(new QuotaExhausted({ detail: "used up" }))

describe("a fallback model", () => {
  it.effect("is sent the schema as well, if the providers of all models hold to it", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).value, ann)
      const sent = yield* ScriptedModel.Requests.all
      assert.deepStrictEqual(
        sent.map(({ model, output, tools }) => [model.model, output !== undefined, tools.length]),
        [
          ["scripted", true, 1],
          ["other", true, 1]
        ]
      )
      yield* checkInvariants(seen)
    }).pipe(Effect.provideService(Fallbacks, [other]), Effect.provide(outputWorld([overloaded, says(right)], "native")))
  )

  it.effect("that needs the tool makes all models use it, so that the tools of a round stay the same", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).value, ann)
      const sent = yield* ScriptedModel.Requests.all
      assert.deepStrictEqual(
        sent.map(({ model, output, tools }) => [model.model, output, tools.at(-1)?.name]),
        [
          ["scripted", undefined, "final_answer"],
          ["other", undefined, "final_answer"]
        ]
      )
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provideService(Fallbacks, [other]),
      Effect.provide(outputWorld([overloaded, answers(right)], "mixed"))
    )
  )
})

describe("what a caller may rely on", () => {
  it.effect("a repeated request id returns the value again, and one that no longer decodes is an error", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const message = { sessionId, request: "Who?", requestId: RequestId.make("once") }
      const first = yield* coordinator.handleMessage({ ...message, output: Answer })
      const again = yield* coordinator.handleMessage({ ...message, output: Answer })
      assert.deepStrictEqual([first.value, again.value], [ann, ann])
      const Other = Schema.Struct({ name: Schema.Int })
      const error = yield* Effect.flip(coordinator.handleMessage({ ...message, output: Other }))
      assert.strictEqual(error._tag, "OutputInvalid")
      assert.isUndefined((yield* coordinator.handleMessage(message)).value)
    }).pipe(Effect.provide(outputWorld([says(right)], "native")))
  )

  it.effect("what only the decoder knows is checked as well", () =>
    Effect.gen(function* () {
      yield* watched
      const Even = Schema.Struct({
        n: Schema.Int.check(Schema.makeFilter((n: number) => n % 2 === 0, { expected: "an even number" }))
      })
      assert.deepStrictEqual((yield* ask(Even)).value, { n: 2 })
      assert.include(yield* lastText, "/n: ")
      assert.include(yield* lastText, "an even number")
    }).pipe(Effect.provide(outputWorld([says('{"n":1}'), says('{"n":2}')], "native")))
  )

  it.effect("a schema that cannot be used is refused before anything is stored", () =>
    Effect.gen(function* () {
      yield* watched
      const long = Schema.String.annotate({ description: "x".repeat(200_000) })
      const error = yield* Effect.flip(ask(long))
      assert.strictEqual(error._tag, "InvalidMessage")
      assert.match(
        error.message,
        /^The output schema cannot be used: it is larger than \d+ bytes\. Correct the schema$/
      )
      assert.deepStrictEqual(yield* log, [])
    }).pipe(Effect.provide(outputWorld([], "native")))
  )

  it.effect("the spans of its requests say that JSON is asked for, and others do not", () => {
    const { layer, spans } = telemetry()
    return Effect.gen(function* () {
      yield* watched
      yield* ask(Answer)
      yield* ask(Answer)
      yield* send("Thanks")
      const types = spans
        .filter(({ name }) => name.startsWith("chat "))
        .map((span) => span.attributes.get("gen_ai.output.type"))
      assert.deepStrictEqual(types, ["json", "json", undefined])
    }).pipe(Effect.provide(Layer.provideMerge(outputWorld([says(right), says(right), says("Fine.")], "native"), layer)))
  })

  it.effect("a session's list counts the round like any other", () =>
    Effect.gen(function* () {
      yield* watched
      yield* ask(Answer)
      const { open, rounds } = yield* (yield* SessionManager).get(sessionId)
      assert.deepStrictEqual([open, rounds], [false, 1])
    }).pipe(Effect.provide(outputWorld([answers(right)], "tool")))
  )
})
