import type { UserBlock } from "@parley/domain/Content"
import { Overloaded, QuotaExhausted } from "@parley/domain/ModelError"
import { SessionManager } from "@parley/domain/SessionManager"
import { cost, type Price } from "@parley/domain/Usage"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { CompactionSettings } from "../src/limits/CompactionSettings.ts"
import { Fallbacks } from "../src/limits/Fallbacks.ts"
import { defaults, Limits, type RoundLimits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { asked, chained, named, steps } from "./support/FallbackWorld.ts"
import { telemetry } from "./support/Telemetry.ts"
import { checkInvariants, log, send, session, sessionId, timePasses, watched } from "./World.ts"

const { call, finish, text, thinking, usage } = Chunks
const { failing, turn } = ScriptedModel
const detail = "scripted"
const answer = turn(text(0, "Done."), [finish()])
const overloaded = failing(new Overloaded({ detail }))
const quota = failing(new QuotaExhausted({ detail }))
const within = (limits: Partial<RoundLimits>) => Effect.provideService(Limits, { ...defaults, ...limits })
const scheduled = Effect.map(log, steps)

const large = "lorem ipsum ".repeat(400)
const image: ReadonlyArray<string | UserBlock> = [
  "Look",
  { _tag: "Image", mediaType: "image/png", data: "iVBORw0KGgo=" }
]

describe("a fallback model", () => {
  it.effect("whose context window is too small is skipped, with the reason in the log", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send(large)
      assert.strictEqual(yield* asked, "ac")
      const [line = ""] = yield* scheduled
      assert.match(
        line,
        /^QuotaExhausted: to c at once \(b: its context window has room for 500 tokens, and the request has about \d+\)$/
      )
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(chained([quota, answer], { chain: "bc", models: { b: { contextWindow: 1000 } } })))
  )

  it.effect("that reads only text is skipped for a conversation with images", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send(image)
      assert.strictEqual(yield* asked, "ac")
      assert.deepStrictEqual(yield* scheduled, [
        "QuotaExhausted: to c at once (b: it reads only text, and the conversation has images or documents)"
      ])
    }).pipe(
      Effect.provide(chained([quota, answer], { chain: "bc", models: { c: { accepts: { "image/png": 1_000_000 } } } }))
    )
  )

  it.effect("that cannot take the request leaves the first model all its retries, and the error says why", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      const error = yield* Effect.flip(send(large))
      assert.strictEqual(yield* asked, "aaaa")
      assert.match(error.message, /overloaded or failing.*; of-b\/b was skipped: its context window has room for 500/)
      assert.include((yield* session).rounds[0]?.failure?.message, "of-b/b was skipped")
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        chained([...Array.from({ length: 4 }, () => overloaded), answer], {
          chain: "b",
          models: { b: { contextWindow: 1000 } }
        })
      )
    )
  )

  it.effect(
    "gets the request as it is legal for it: its own settings and address, without the thinking of another",
    () =>
      Effect.gen(function* () {
        const seen = yield* watched
        yield* send("go")
        const requests = yield* ScriptedModel.Requests.all
        assert.strictEqual(yield* asked, "aab")
        const kinds = requests.map(({ messages }) => messages.flatMap(({ content }) => content.map(({ _tag }) => _tag)))
        assert.isTrue(kinds[1]?.includes("Thinking"))
        assert.isFalse(kinds[2]?.includes("Thinking"))
        assert.deepStrictEqual(requests[2]?.settings, { maxTokens: 7 })
        const [, , started] = (yield* log).flatMap(({ event }) => (event._tag === "TurnStarted" ? [event] : []))
        assert.strictEqual(started?.endpoint, "https://b.example")
        assert.isAbove(started?.size?.tokens ?? 0, 0)
        yield* checkInvariants(seen)
      }).pipe(
        Effect.provide(
          chained([turn(thinking(0, "hm"), call(1, "echo"), [finish("tool-calls")]), quota, answer], {
            chain: "b",
            models: { b: { endpoint: "https://b.example", settings: { maxTokens: 7 } } }
          })
        )
      )
  )
})

describe("the price of a fallback model", () => {
  const cheap: Price = { input: 0, output: 1 }
  const dear: Price = { input: 0, output: 1_000_000 }
  const models = { a: { price: cheap, maxOutput: 5 }, b: { price: dear, maxOutput: 5 } }

  it.effect("is what its turn costs", () =>
    Effect.gen(function* () {
      yield* watched
      const round = yield* send("go")
      assert.deepStrictEqual(
        round.turns.map((turn) => turn.cost),
        [0, cost(usage, dear)]
      )
    }).pipe(Effect.provide(chained([quota, answer], { chain: "b", models })))
  )

  it.effect("is reserved before it is asked", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const error = yield* Effect.flip(send("go").pipe(within({ roundCost: 4 })))
      assert.deepInclude(error, { _tag: "CapReached", cap: "cost", worst: 5 })
      assert.strictEqual(yield* asked, "a")
      assert.strictEqual((yield* send("again").pipe(within({ roundCost: 5 }))).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(chained([quota, answer], { chain: "b", models })))
  )

  it.effect("must be known before anything is sent if there is a limit in dollars", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(send("go").pipe(within({ roundCost: 4 })))
      assert.deepInclude(error, { _tag: "PriceUnknown", model: "of-b/b" })
      assert.isEmpty(yield* log)
    }).pipe(Effect.provide(chained([answer], { chain: "b", models: { a: models.a } })))
  )
})

describe("a summary", () => {
  const talk = Effect.gen(function* () {
    const seen = yield* watched
    for (let n = 1; n <= 4; n++) yield* send(`message ${n} ${large}`)
    return seen
  })
  const compact = SessionCoordinator.use((coordinator) => coordinator.compact(sessionId))
  const said = Array.from({ length: 4 }, () => answer)

  it.effect("is written by a fallback model if need be, and the conversation stays with its own", () =>
    Effect.gen(function* () {
      const seen = yield* talk
      yield* compact
      yield* send("and now?")
      assert.strictEqual(yield* asked, "aaaaaba")
      assert.isTrue((yield* log).some(({ event }) => event._tag === "ContextCompacted"))
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(chained([...said, quota, answer, answer], { chain: "b" })))
  )

  const settings = Effect.provideService(CompactionSettings, { auto: true, model: named("s") })
  it.effect("of a configured model is written by the models of the round if that one is not available", () =>
    Effect.gen(function* () {
      yield* talk
      yield* settings(compact)
      assert.strictEqual(yield* asked, "aaaasab")
    }).pipe(Effect.provide(chained([...said, quota, quota, answer], { chain: "b" })))
  )

  it.effect("of a configured model has no replacement without fallback models", () =>
    Effect.gen(function* () {
      yield* talk
      const error = yield* Effect.flip(settings(compact))
      assert.strictEqual(error._tag, "ModelError")
      assert.strictEqual(yield* asked, "aaaas")
    }).pipe(Effect.provide(chained([...said, quota, answer], { chain: "" })))
  )
})

describe("a process that dies", () => {
  for (const when of ["after the failure", "after the choice of the fallback model"] as const)
    it.effect(`${when} leaves a round that recovery closes, and the next message asks the first model again`, () =>
      Effect.gen(function* () {
        yield* watched
        const sessions = yield* SessionManager
        yield* send("go")
        const last = (yield* log).findIndex(({ event }) => event._tag === "RetryScheduled")
        const lost = (yield* log).slice(0, when === "after the failure" ? last : last + 1)
        const { id } = yield* sessions.create({})
        yield* sessions.append(
          id,
          { after: 0, epoch: 0 },
          lost.map(({ event }) => event)
        )
        const built = yield* Layer.build(Layer.fresh(SessionCoordinator.layer))
        const coordinator = Context.get(built, SessionCoordinator)
        const [found] = yield* coordinator.recover
        assert.deepInclude(found, { _tag: "Closed", sessionId: id })
        const round = yield* coordinator.handleMessage({ sessionId: id, request: "again" })
        assert.strictEqual(round.status, "completed")
        assert.deepStrictEqual(
          round.turns.map(({ model }) => model.model),
          ["a", "b"]
        )
      }).pipe(
        Effect.provideService(Fallbacks, [named("b")]),
        Effect.provide(chained([quota, answer, quota, answer], { chain: "b" }))
      )
    )
})

it.effect("telemetry names the model that a fallback model is asked for", () =>
  Effect.gen(function* () {
    const recorded = telemetry()
    yield* Effect.gen(function* () {
      yield* watched
      yield* send("go")
    }).pipe(Effect.provide(Layer.provideMerge(chained([quota, answer], { chain: "b" }), recorded.layer)))
    const chats = recorded.spans.filter(({ name }) => name.startsWith("chat "))
    assert.deepStrictEqual(
      chats.map(({ attributes, name }) => [name, attributes.get("parley.fallback.for")]),
      [
        ["chat a", undefined],
        ["chat b", "of-a/a"]
      ]
    )
  })
)
