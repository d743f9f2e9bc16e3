import { SessionManager } from "@parley/domain/SessionManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { Overloaded } from "@parley/domain/ModelError"
import type { Price } from "@parley/domain/Usage"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { defaults, Limits, type RoundLimits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, session, sessionId, timePasses, until, watched, witness, world } from "./World.ts"

const { call, finish, text, thinking, usage } = Chunks
const { failing, hanging, turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const asks = (i: number) => turn(call(0, "echo", { i }), [finish("tool-calls")])
const perTurn = usage.inputTokens + usage.outputTokens

const within = (limits: Partial<RoundLimits>) => Effect.provideService(Limits, { ...defaults, ...limits })

/** The cap that ended the round, as the caller and as the log tell it; and the session goes on. */
const capOf = (limits: Partial<RoundLimits>) =>
  Effect.gen(function* () {
    const seen = yield* watched
    yield* timePasses
    const error = yield* Effect.flip(send("go").pipe(within(limits)))
    const requests = (yield* ScriptedModel.Requests.all).length
    const round = (yield* session).rounds[0]
    assert.strictEqual(round?.failure?.message, error.message)
    assert.isTrue(round?.turns.every(({ toolCalls }) => toolCalls.every(({ state }) => state === "settled")))
    assert.strictEqual((yield* send("again")).status, "completed")
    yield* checkInvariants(seen)
    return { cap: error._tag === "CapReached" ? error.cap : error._tag, reason: round?.failure?.reason, requests }
  })

/** A world whose model has a price. */
const priced = (turns: ReadonlyArray<ScriptedModel.Turn>, price?: Price) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge(witness),
    Layer.provideMerge([
      ScriptedModel.layer(turns, price === undefined ? {} : { price, maxOutput: usage.outputTokens }),
      ScriptedTools.layer({ echo: ScriptedTools.echo }),
      SessionManager.layerMemory,
      PromptManager.layerMemory()
    ])
  )
/** A turn costs as many dollars as it has tokens, and that is the worst case as well. */
const dollarPerToken: Price = { input: 0, output: (1e6 * perTurn) / usage.outputTokens }

describe("a round's caps", () => {
  it.effect("on tokens end it before the next request", () =>
    Effect.gen(function* () {
      const { cap, reason, requests } = yield* capOf({ roundTokens: 2 * perTurn })
      assert.deepStrictEqual([cap, reason, requests], ["tokens", "tokens", 2])
    }).pipe(Effect.provide(world([asks(1), asks(2), answer])))
  )

  it.effect("on tokens count failed attempts, and do not wait for a retry that would not be sent", () =>
    Effect.gen(function* () {
      const { cap, requests } = yield* capOf({ roundTokens: perTurn })
      assert.deepStrictEqual([cap, requests], ["tokens", 1])
      assert.isFalse((yield* log).some(({ event }) => event._tag === "RetryScheduled"))
    }).pipe(
      Effect.provide(world([failing(new Overloaded({ detail: "529" }), [{ _tag: "UsageSoFar", usage }]), answer]))
    )
  )

  it.effect("on cost end it before the next request", () =>
    Effect.gen(function* () {
      const { cap, requests } = yield* capOf({ roundCost: 3 * perTurn - 1 })
      assert.deepStrictEqual([cap, requests], ["cost", 2])
    }).pipe(Effect.provide(priced([asks(1), asks(2), answer], dollarPerToken)))
  )

  it.effect("on tokens have no effect below the cap", () =>
    Effect.gen(function* () {
      yield* watched
      const round = yield* send("go").pipe(within({ roundTokens: 2 * perTurn + 1 }))
      assert.lengthOf(round.turns, 3)
    }).pipe(Effect.provide(priced([asks(1), asks(2), answer])))
  )

  it.effect("never discard a response that has arrived", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual((yield* send("go").pipe(within({ roundTokens: 1, roundCost: perTurn }))).status, "completed")
    }).pipe(Effect.provide(priced([answer], dollarPerToken)))
  )

  it.effect("on identical calls run the allowed number and no more", () =>
    Effect.gen(function* () {
      const { cap, requests } = yield* capOf({ identicalCalls: 2 })
      assert.deepStrictEqual([cap, requests], ["identicalCalls", 4])
      assert.lengthOf((yield* ScriptedTools.Calls).started, 3)
      const last = (yield* session).rounds[0]?.turns.at(-1)?.toolCalls[0]
      assert.strictEqual(last?.outcome?._tag, "NotExecuted")
    }).pipe(Effect.provide(world([asks(1), asks(2), asks(1), asks(1), answer])))
  )

  it.effect("on time end a streaming round and keep the content that arrived", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const fiber = yield* Effect.forkChild(Effect.flip(send("go").pipe(within({ roundMillis: 5000 }))), {
        startImmediately: true
      })
      yield* until("TurnDelta")
      yield* TestClock.adjust(4999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, { _tag: "CapReached", cap: "time", limit: 5 })
      const round = (yield* session).rounds[0]
      assert.strictEqual(round?.status, "failed")
      assert.strictEqual(round?.turns[0]?.status, "interrupted")
      assert.deepStrictEqual(round?.turns[0]?.content, [{ _tag: "Text", text: "half" }])
      assert.strictEqual((yield* send("again")).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([hanging(text(0, "half")), answer])))
  )

  it.effect("on time end a round whose tool hangs, with an unknown outcome", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const fiber = yield* Effect.forkChild(Effect.flip(send("go").pipe(within({ roundMillis: 5000 }))), {
        startImmediately: true
      })
      yield* until("ToolStarted")
      yield* TestClock.adjust(5000)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "CapReached")
      assert.strictEqual((yield* session).rounds[0]?.turns[0]?.toolCalls[0]?.outcome?._tag, "Unknown")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([turn(call(0, "hangs"), [finish("tool-calls")])], { hangs: ScriptedTools.hangs })))
  )
})

describe("a session's caps", () => {
  const twoRounds = (limits: Partial<RoundLimits>) =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual((yield* send("one").pipe(within(limits))).status, "completed")
      const error = yield* Effect.flip(send("two").pipe(within(limits)))
      assert.lengthOf(yield* ScriptedModel.Requests.all, 2)
      assert.strictEqual((yield* send("three")).status, "completed")
      assert.include(error.message, "raise the limit, or start another session")
      return error._tag === "CapReached" ? error.cap : error._tag
    })

  it.effect("on tokens count all its rounds, and a raised limit lets it continue", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* twoRounds({ sessionTokens: 2 * perTurn }), "sessionTokens")
    }).pipe(Effect.provide(world([asks(1), answer, answer])))
  )

  it.effect("on cost count all its rounds, even after a restart", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* twoRounds({ sessionCost: 2 * perTurn }), "sessionCost")
      const restarted = yield* Layer.build(Layer.fresh(SessionCoordinator.layer))
      const coordinator = Context.get(restarted, SessionCoordinator)
      const limits = within({ sessionCost: 3 * perTurn })
      const error = yield* coordinator.handleMessage({ sessionId, request: "four" }).pipe(limits, Effect.flip)
      assert.strictEqual(error._tag, "CapReached")
    }).pipe(Effect.provide(priced([asks(1), answer, answer], dollarPerToken)))
  )
})

const noAnswer = Effect.map(Effect.flip(send("go")), (error) =>
  error._tag === "ModelError" ? error.reason._tag : error._tag
)

describe("a response without text", () => {
  const empty: ReadonlyArray<readonly [name: string, turn: ScriptedModel.Turn]> = [
    ["without blocks", turn([finish()])],
    ["with an empty text", turn(text(0, ""), [finish()])],
    ["with blank text", turn(text(0, " \n"), [finish()])],
    ["with a thought that cannot be sent back", turn(thinking(0, "hm").slice(0, 1), [finish()])]
  ]
  for (const [name, nothing] of empty) {
    it.effect(`${name} is requested once more`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        const round = yield* send("go")
        assert.deepStrictEqual(
          round.turns.map(({ status }) => status),
          ["completed", "completed"]
        )
        const [first, second] = yield* ScriptedModel.Requests.all
        assert.deepStrictEqual(second, first)
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([nothing, answer])))
    )

    it.effect(`${name} twice is a failure, and the next request is valid`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        assert.strictEqual(yield* noAnswer, "NoAnswer")
        assert.lengthOf(yield* ScriptedModel.Requests.all, 2)
        assert.strictEqual((yield* send("again")).status, "completed")
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([nothing, nothing, answer])))
    )
  }

  it.effect("is not requested again beyond the limit of turns", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual(yield* noAnswer.pipe(within({ turns: 1 })), "NoAnswer")
    }).pipe(Effect.provide(world([turn([finish()])])))
  )

  const called = turn(call(0, "echo"), [finish("tool-calls")])
  const none: ReadonlyArray<readonly [name: string, turns: ReadonlyArray<ScriptedModel.Turn>]> = [
    ["cut off before a word", [turn([finish("length")])]],
    ["cut off twice within a call", [1, 2].map(() => turn(call(0, "echo", '{"a":'), [finish("length")]))],
    ["stopped by a sequence before a word", [1, 2].map(() => turn([finish("stop-sequence")]))],
    ["a thought alone", [turn(thinking(0, "hm"), [finish()])]],
    ["tools, and then nothing", [called, turn([finish()]), turn([finish()])]],
    ["stopped for tools without one", [turn(text(0, "I will look."), [finish("tool-calls")])]],
    ["the same without a word", [1, 2].map(() => turn([finish("tool-calls")]))]
  ]
  for (const [name, turns] of none)
    it.effect(`${name}: a failure, and the next request is valid`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        assert.strictEqual(yield* noAnswer, "NoAnswer")
        assert.lengthOf(yield* ScriptedModel.Requests.all, turns.length)
        assert.deepInclude((yield* session).rounds[0], { status: "failed" })
        assert.strictEqual((yield* send("again")).status, "completed")
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([...turns, answer])))
    )

  it.effect("is a success if an earlier turn had text", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.strictEqual((yield* send("go")).stop, "end")
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world([
          turn(text(0, "Done soon."), call(1, "echo"), [finish("tool-calls")]),
          turn([finish()]),
          turn([finish()])
        ])
      )
    )
  )
})

describe("a stop reason that contradicts the content", () => {
  for (const stop of ["end", "stop-sequence", "pause"] as const)
    it.effect(`${stop}, with a complete call: the call is run`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        assert.strictEqual((yield* send("go")).stop, "end")
        assert.deepStrictEqual((yield* ScriptedTools.Calls).started, ["session-1/r1/r1t1/r1t1c1"])
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([turn(call(0, "echo"), [finish(stop)]), answer])))
    )
})

describe("a response that was cut off and contains calls", () => {
  const cut = turn(text(0, "Both."), call(1, "echo", { a: 1 }), call(2, "echo", '{"a":'), [finish("length")])

  it.effect("has its calls settled unrun and is retried; a second one in a row ends the round", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* send("go")
      assert.strictEqual(round.stop, "length")
      assert.lengthOf(yield* ScriptedModel.Requests.all, 2)
      assert.deepStrictEqual(
        round.turns.map(({ toolCalls }) => toolCalls.map(({ outcome }) => outcome?._tag)),
        [
          ["NotExecuted", "NotExecuted"],
          ["NotExecuted", "NotExecuted"]
        ]
      )
      assert.isEmpty((yield* ScriptedTools.Calls).started)
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([cut, cut])))
  )

  it.effect("does not count after a complete one", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.strictEqual((yield* send("go")).stop, "length")
      assert.lengthOf(yield* ScriptedModel.Requests.all, 4)
      assert.deepStrictEqual((yield* ScriptedTools.Calls).started, ["session-1/r1/r1t2/r1t2c1"])
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([cut, turn(call(0, "echo"), [finish("tool-calls")]), cut, cut])))
  )

  it.effect("ends the round at the limit of turns", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual((yield* send("go").pipe(within({ turns: 1 }))).stop, "length")
    }).pipe(Effect.provide(world([cut])))
  )
})
