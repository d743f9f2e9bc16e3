import type { HandleMessageError } from "@parley/domain/Errors"
import {
  ContextOverflow,
  InvalidRequest,
  type ModelErrorReason,
  Overloaded,
  QuotaExhausted,
  RateLimited,
  Refused,
  Stalled,
  StreamBroken,
  Unauthorized,
  UnknownModel,
  UnknownStop,
  Unreachable
} from "@parley/domain/ModelError"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { asked, chained, named, steps } from "./support/FallbackWorld.ts"
import { checkInvariants, log, send, session, sessionId, timePasses, until, watched } from "./World.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"

const { call, finish, text, thinking } = Chunks
const { failing, hanging, turn } = ScriptedModel
const detail = "scripted"
const answer = turn(text(0, "Done."), [finish()])
const overloaded = failing(new Overloaded({ detail }))
const quota = failing(new QuotaExhausted({ detail }))
const scheduled = Effect.map(log, steps)
const times = <A>(n: number, one: A): ReadonlyArray<A> => Array.from({ length: n }, () => one)
const reasonOf = (error: HandleMessageError) =>
  Effect.succeed(error._tag === "ModelError" ? error.reason._tag : error._tag)

describe("a model that", () => {
  const cases: ReadonlyArray<readonly [reason: ModelErrorReason, attempts: number]> = [
    [new Overloaded({ detail }), 3],
    [new Overloaded({ detail, retryAfterMillis: 10_000 }), 3],
    [new Overloaded({ detail, retryAfterMillis: 10_001 }), 1],
    [new RateLimited({ detail }), 3],
    [new RateLimited({ detail, retryAfterMillis: 3_600_000 }), 1],
    [new Unreachable({ detail }), 3],
    [new StreamBroken({ detail }), 3],
    [new Stalled({ detail }), 1],
    [new QuotaExhausted({ detail }), 1]
  ]
  for (const [reason, attempts] of cases) {
    const wait = "retryAfterMillis" in reason ? `, ${reason.retryAfterMillis} ms` : ""
    it.effect(`fails with ${reason._tag}${wait} is asked ${attempts} times before the next one`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        yield* timePasses
        const round = yield* send("go")
        assert.strictEqual(yield* asked, "a".repeat(attempts) + "b")
        assert.deepStrictEqual(yield* scheduled, [
          ...times(attempts - 1, `${reason._tag}: again`),
          `${reason._tag}: to b at once`
        ])
        assert.deepStrictEqual(
          round.turns.map(({ fallbackFor, model, status }) => [model.model, status, fallbackFor?.model]),
          [...times(attempts, ["a", "failed", undefined]), ["b", "completed", "a"]]
        )
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(chained([...times(attempts, failing(reason)), answer], { chain: "b" })))
    )
  }

  const permanent: ReadonlyArray<ModelErrorReason> = [
    new Unauthorized({ detail }),
    new InvalidRequest({ detail }),
    new ContextOverflow({ detail }),
    new UnknownModel({ detail }),
    new Refused({ detail }),
    new UnknownStop({ detail })
  ]
  for (const reason of permanent)
    it.effect(`fails with ${reason._tag} is not replaced`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        assert.strictEqual(yield* Effect.flatMap(Effect.flip(send("go")), reasonOf), reason._tag)
        assert.strictEqual(yield* asked, "a")
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(chained([failing(reason), answer], { chain: "b" })))
    )

  it.effect("gives no answer is not replaced", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual(yield* Effect.flatMap(Effect.flip(send("go")), reasonOf), "NoAnswer")
      assert.strictEqual(yield* asked, "aa")
    }).pipe(Effect.provide(chained([turn([finish()]), turn([finish()]), answer], { chain: "b" })))
  )

  it.effect("sends nothing until the limit is replaced at once", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      yield* until("TurnStarted")
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      yield* TestClock.adjust(defaults.firstChunkMillis)
      assert.strictEqual((yield* Fiber.join(fiber)).status, "completed")
      assert.strictEqual(yield* asked, "ab")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(chained([hanging(), answer], { chain: "b" })))
  )

  const reads: ReadonlyArray<readonly [name: string, reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>]> = [
    ["text", [text(0, "lost half")]],
    ["thinking", [thinking(0, "lost", " thought").slice(0, 1)]],
    ["input of a tool", [call(1, "echo", { a: 1 }).slice(0, 2)]]
  ]
  for (const [name, chunks] of reads)
    it.effect(`has sent ${name} is asked again as without fallback models, and never replaced`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        yield* timePasses
        assert.strictEqual(yield* Effect.flatMap(Effect.flip(send("go")), reasonOf), "Overloaded")
        assert.strictEqual(yield* asked, "aaaa")
        assert.deepStrictEqual(yield* scheduled, times(3, "Overloaded: again"))
        yield* checkInvariants(seen)
      }).pipe(
        // Only the first attempt sends something: the request stays with its model all the same.
        Effect.provide(
          chained([failing(new Overloaded({ detail }), ...chunks), ...times(3, overloaded), answer], { chain: "b" })
        )
      )
    )

  it.effect("paused its response is not replaced, because only it can continue", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(send("go"))
      assert.include(error.message, "of-b/b was skipped: only the model that paused its response can continue it")
      assert.strictEqual(yield* asked, "aa")
    }).pipe(Effect.provide(chained([turn(text(0, "So far"), [finish("pause")]), quota, answer], { chain: "b" })))
  )
})

describe("a chain of models", () => {
  it.effect("is followed in order, and the last model gets all retries", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      assert.strictEqual(yield* Effect.flatMap(Effect.flip(send("go")), reasonOf), "Overloaded")
      assert.strictEqual(yield* asked, "aaabcccc")
      const attempts = (yield* log).flatMap(({ event }) => (event._tag === "RetryScheduled" ? [event.attempt] : []))
      assert.deepStrictEqual(attempts, [1, 2, 3, 4, 5, 6, 7])
      assert.strictEqual((yield* session).rounds[0]?.failure?.reason, "Overloaded")
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(chained([...times(3, overloaded), quota, ...times(4, overloaded), answer], { chain: "abcb" }))
    )
  )

  it.effect("begins each model with the shortest wait", () =>
    Effect.gen(function* () {
      yield* watched
      yield* timePasses
      yield* Effect.flip(send("go"))
      const waits = (yield* log).flatMap(({ event }) => (event._tag === "RetryScheduled" ? [event.delayMillis] : []))
      for (const [i, base] of [2000, 4000, 0, 2000, 4000, 8000].entries()) {
        assert.isAtLeast(waits[i] ?? -1, base / 2)
        assert.isAtMost(waits[i] ?? Infinity, base)
      }
    }).pipe(Effect.provide(chained(times(7, overloaded), { chain: "b" })))
  )

  it.effect("does not ask a model more often than the limit allows", () =>
    Effect.gen(function* () {
      yield* watched
      yield* Effect.flip(send("go").pipe(Effect.provideService(Limits, { ...defaults, retries: 0 })))
      assert.strictEqual(yield* asked, "ab")
    }).pipe(Effect.provide(chained([overloaded, overloaded, answer], { chain: "b" })))
  )

  it.effect(
    "stays with the model that answers for the rest of the round, and the next round begins with the first",
    () =>
      Effect.gen(function* () {
        const seen = yield* watched
        const round = yield* send("go")
        assert.deepStrictEqual(
          round.turns.map(({ fallbackFor, model }) => [model.model, fallbackFor?.model]),
          [
            ["a", undefined],
            ["b", "a"],
            ["b", undefined]
          ]
        )
        yield* send("and now?")
        assert.strictEqual(yield* asked, "abba")
        yield* checkInvariants(seen)
      }).pipe(
        Effect.provide(chained([quota, turn(call(0, "echo"), [finish("tool-calls")]), answer, answer], { chain: "b" }))
      )
  )

  it.effect("also applies to a model that the message names", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      yield* coordinator.handleMessage({ sessionId, request: "go", model: named("x") })
      assert.strictEqual(yield* asked, "xb")
    }).pipe(Effect.provide(chained([quota, answer], { chain: "b" })))
  )

  it.effect("with a model that is not available refuses the message before anything is stored or sent", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual(yield* Effect.flatMap(Effect.flip(send("go")), reasonOf), "UnknownModel")
      const coordinator = yield* SessionCoordinator
      const preview = yield* Effect.flip(coordinator.buildContext(sessionId, "go"))
      assert.strictEqual(preview._tag, "ModelError")
      assert.isEmpty(yield* log)
      assert.strictEqual(yield* asked, "")
    }).pipe(Effect.provide(chained([answer], { chain: "gone" })))
  )
})
