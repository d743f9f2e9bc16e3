import { textOf } from "@parley/domain/Content"
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
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, session, sessionId, timePasses, until, watched, world } from "./World.ts"

const { call, finish, text, thinking, usage } = Chunks
const { failing, hanging, turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const detail = "scripted"

const passing: ReadonlyArray<ModelErrorReason> = [
  new RateLimited({ detail }),
  new RateLimited({ detail, retryAfterMillis: 0 }),
  new RateLimited({ detail, retryAfterMillis: 5000 }),
  new Overloaded({ detail }),
  new Overloaded({ detail, retryAfterMillis: 5000 }),
  new Unreachable({ detail }),
  new StreamBroken({ detail }),
  new Stalled({ detail })
]
const lasting: ReadonlyArray<ModelErrorReason> = [
  new RateLimited({ detail, retryAfterMillis: 60_001 }),
  new Overloaded({ detail, retryAfterMillis: 60_001 }),
  new Unauthorized({ detail }),
  new QuotaExhausted({ detail }),
  new InvalidRequest({ detail }),
  new ContextOverflow({ detail }),
  new UnknownModel({ detail }),
  new Refused({ detail }),
  new UnknownStop({ detail })
]
const phases: ReadonlyArray<readonly [name: string, reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>]> = [
  ["before the first chunk", []],
  ["in the middle of text", [text(0, "lost half")]],
  ["while it thinks", [thinking(0, "lost", " thought").slice(0, 1)]],
  ["within a tool's input", [text(0, "lost words"), call(1, "echo", { a: 1 }).slice(0, 2)]],
  ["after the stop reason", [text(0, "lost answer"), call(1, "echo", { a: 1 }), [finish("tool-calls")]]]
]

const tags = Effect.map(log, (entries) => entries.map(({ event }) => event._tag))
const waits = Effect.map(log, (entries) =>
  entries.flatMap(({ event }) => (event._tag === "RetryScheduled" ? [event] : []))
)
const started = ["RoundStarted", "ContextBuilt", "TurnStarted", "TurnFailed"]

for (const [phase, reads] of phases)
  describe(`a failure ${phase}`, () => {
    for (const reason of passing) {
      const asked = "retryAfterMillis" in reason ? (reason.retryAfterMillis ?? 0) : 0
      it.effect(`that is temporary (${reason._tag}, ${asked}) is retried as a new turn, after the wait`, () =>
        Effect.gen(function* () {
          const seen = yield* watched
          yield* timePasses
          const round = yield* send("go")
          assert.deepStrictEqual(yield* tags, [
            ...started,
            "RetryScheduled",
            "TurnStarted",
            "TurnCompleted",
            "RoundCompleted"
          ])
          assert.deepStrictEqual(
            round.turns.map(({ id, status }) => `${id} ${status}`),
            ["r1t1 failed", "r1t2 completed"]
          )
          const [scheduled] = yield* waits
          assert.isAtLeast(scheduled?.delayMillis ?? 0, asked + 500)
          const [first, second] = yield* ScriptedModel.Requests.all
          assert.deepStrictEqual(second, first, "the same request again")
          yield* send("and now?")
          const [, , third] = yield* ScriptedModel.Requests.all
          assert.notInclude(textOf(third?.messages.flatMap(({ content }) => content) ?? []), "lost")
          yield* checkInvariants(seen)
        }).pipe(Effect.provide(world([failing(reason, ...reads), answer, answer])))
      )
    }
    for (const reason of lasting)
      it.effect(`that is permanent (${reason._tag}) fails the round immediately`, () =>
        Effect.gen(function* () {
          const seen = yield* watched
          const error = yield* Effect.flip(send("go"))
          assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, reason._tag)
          assert.deepStrictEqual(yield* tags, [...started, "RoundFailed"])
          assert.lengthOf(yield* ScriptedModel.Requests.all, 1)
          yield* checkInvariants(seen)
        }).pipe(Effect.provide(world([failing(reason, ...reads)])))
      )
  })

describe("retries", () => {
  const overloaded = failing(new Overloaded({ detail }), [{ _tag: "UsageSoFar", usage }], text(0, "lost"))
  const threeTimes = [overloaded, overloaded, overloaded]

  it.effect("end at their limit with the last error, wait longer each time, and are all included in the usage", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      const error = yield* Effect.flip(send("go"))
      assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, "Overloaded")
      assert.lengthOf(yield* ScriptedModel.Requests.all, 4)
      for (const [i, { attempt, delayMillis, failure, turnId }] of (yield* waits).entries()) {
        assert.strictEqual(attempt, i + 1)
        assert.strictEqual(turnId, `r1t${i + 1}`)
        assert.strictEqual(failure.reason, "Overloaded")
        assert.isAtLeast(delayMillis, 1000 * 2 ** i)
        assert.isAtMost(delayMillis, 2000 * 2 ** i)
      }
      const [round] = (yield* session).rounds
      assert.lengthOf(round?.turns ?? [], 4)
      assert.strictEqual(round?.usage.inputTokens, 4 * usage.inputTokens)
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([...threeTimes, overloaded])))
  )

  it.effect("do not count towards the limit of turns, and are counted for each request", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      const round = yield* send("go").pipe(Effect.provideService(Limits, { ...defaults, turns: 2 }))
      assert.strictEqual(round.status, "completed")
      assert.lengthOf(round.turns, 8)
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(world([...threeTimes, turn(call(0, "echo"), [finish("tool-calls")]), ...threeTimes, answer]))
    )
  )

  it.effect("never start before the time that the provider requested", () =>
    Effect.gen(function* () {
      yield* watched
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      yield* until("RetryScheduled")
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      yield* TestClock.adjust(30_000)
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.lengthOf(yield* ScriptedModel.Requests.all, 1)
      yield* TestClock.adjust(1000)
      yield* Fiber.join(fiber)
      assert.lengthOf(yield* ScriptedModel.Requests.all, 2)
    }).pipe(Effect.provide(world([failing(new RateLimited({ detail, retryAfterMillis: 30_000 })), answer])))
  )

  it.effect("do not delay the cancellation of the round", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const coordinator = yield* SessionCoordinator
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      yield* until("RetryScheduled")
      const cancelling = yield* Effect.forkChild(coordinator.cancel(sessionId), { startImmediately: true })
      yield* Effect.repeat(Effect.yieldNow, { times: 200 })
      // No time has passed; if the wait goes on all the same, it has to end for this test to end.
      const ended = fiber.pollUnsafe() !== undefined
      yield* TestClock.adjust("1 hour")
      assert.isTrue(ended, "the wait has ended")
      yield* Fiber.join(cancelling)
      assert.strictEqual((yield* Fiber.join(fiber)).status, "cancelled")
      assert.deepStrictEqual(yield* tags, [...started, "RetryScheduled", "RoundCancelled"])
      assert.strictEqual((yield* send("again")).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([overloaded, answer])))
  )

  it.effect("also follow a stalled provider", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      yield* until("TurnStarted")
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      yield* TestClock.adjust(defaults.firstChunkMillis)
      assert.strictEqual((yield* Fiber.join(fiber)).status, "completed")
      assert.deepStrictEqual(
        (yield* waits).map(({ failure }) => failure.reason),
        ["Stalled"]
      )
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([hanging(), answer])))
  )
})
