import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { engine, HouseModelDown, program, provider } from "../provider.ts"

it.effect("a provider of one's own answers, with its usage", () =>
  Effect.gen(function* () {
    const round = yield* Effect.provide(
      program,
      engine((text) => Stream.make(text.toUpperCase(), "!"))
    )
    const [turn] = round.turns
    assert.deepStrictEqual(turn?.model, { provider: "house", model: "small" })
    assert.deepStrictEqual(turn?.content, [{ _tag: "Text", text: "GOOD MORNING!" }])
    assert.deepStrictEqual(turn?.usage, { inputTokens: 3, outputTokens: 4, cacheReadTokens: 0, cacheWriteTokens: 0 })
  })
)

it.effect("a request to a provider of one's own is repeated when its error says that this may help", () =>
  Effect.gen(function* () {
    let requests = 0
    const flaky = () => (++requests < 3 ? Stream.fail(new HouseModelDown()) : Stream.make("Here I am"))
    const fiber = yield* Effect.forkChild(Effect.provide(program, engine(flaky)), { startImmediately: true })
    yield* TestClock.adjust("1 minute")
    const round = yield* Fiber.join(fiber)
    assert.strictEqual(requests, 3)
    assert.deepStrictEqual(round.turns.at(-1)?.content, [{ _tag: "Text", text: "Here I am" }])
  })
)

it.effect("a provider of one's own ends every response with one Finish, last", () =>
  Effect.gen(function* () {
    const request = { model: { provider: "house", model: "small" }, system: "", tools: [], messages: [] }
    const silent = provider(() => Stream.empty)
    const chunks = yield* Stream.runCollect(silent.stream(request))
    assert.deepStrictEqual(
      chunks.map(({ _tag }) => _tag),
      ["Finish"]
    )
  })
)
