import { StorageError } from "@parley/domain/Errors"
import { RequestId, roundId } from "@parley/domain/Ids"
import { Unauthorized } from "@parley/domain/ModelError"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { lostRound, pastRound } from "./support/lostRounds.ts"
import { checkInvariants, log, send, sessionId, until, watched, world } from "./World.ts"

const { finish, text } = Chunks
const { hanging, turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])

const requestId = RequestId.make("once")
const stream = (request: string, more: { readonly requestId?: RequestId } = {}) =>
  SessionCoordinator.pipe(
    Effect.map((coordinator) => coordinator.stream({ sessionId, request, ...more })),
    Stream.unwrap
  )
/** Fails where an effect without a clock does not come to an end. */
const ending = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(
    effect,
    Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 50_000 }), Effect.die("the stream does not end"))
  )
const tagsOf = (entries: Iterable<LogEntry>) => [...entries].map(({ event }) => event._tag)
/** What a stream gave, and what it ended with. */
const collected = (request: string) => {
  const entries: Array<LogEntry> = []
  return stream(request).pipe(
    Stream.runForEach((entry) => Effect.sync(() => entries.push(entry))),
    Effect.result,
    Effect.map((result) => ({ entries, error: result._tag === "Failure" ? result.failure._tag : undefined }))
  )
}

describe("the stream of one round", () => {
  it.effect("emits each event as it is stored, from the first to the one that closes the round", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const entries = yield* ending(Stream.runCollect(stream("hello")))
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.deepStrictEqual(entries, seen)
      assert.strictEqual(entries.at(-1)?.event._tag, "RoundCompleted")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([answer])))
  )

  it.effect("fails with the round's error after its last event", () =>
    Effect.gen(function* () {
      yield* watched
      const { entries, error } = yield* collected("hello")
      assert.strictEqual(error, "ModelError")
      assert.deepStrictEqual(tagsOf(entries).slice(-2), ["TurnFailed", "RoundFailed"])
    }).pipe(Effect.provide(world([ScriptedModel.failing(new Unauthorized({ detail: "no" }))])))
  )

  it.effect("fails without events if the round is not started", () =>
    Effect.gen(function* () {
      yield* watched
      assert.deepStrictEqual(yield* collected(" "), { entries: [], error: "InvalidMessage" })
      assert.isEmpty(yield* log)
    }).pipe(Effect.provide(world([])))
  )

  it.effect("ends without an error when the round is cancelled", () =>
    Effect.gen(function* () {
      yield* watched
      const fiber = yield* Effect.forkChild(collected("hello"))
      yield* until("TurnDelta")
      yield* SessionCoordinator.use((coordinator) => coordinator.cancel(sessionId))
      const { entries, error } = yield* Fiber.join(fiber)
      assert.isUndefined(error)
      assert.deepStrictEqual(tagsOf(entries).slice(-2), ["TurnInterrupted", "RoundCancelled"])
    }).pipe(Effect.provide(world([hanging(text(0, "Do"))])))
  )

  it.effect("cancels the round if it is ended early", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* stream("hello").pipe(
        Stream.takeUntil(({ event }) => event._tag === "TurnDelta"),
        Stream.runDrain
      )
      assert.deepStrictEqual(tagsOf(yield* log).slice(-2), ["TurnInterrupted", "RoundCancelled"])
      assert.strictEqual((yield* send("again")).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([hanging(text(0, "Do")), answer])))
  )

  it.effect("emits the stored round if the request was sent before", () =>
    Effect.gen(function* () {
      yield* watched
      const first = yield* Stream.runCollect(stream("hello", { requestId }))
      yield* send("something else")
      const again = yield* Stream.runCollect(stream("hello", { requestId }))
      assert.deepStrictEqual(
        again,
        first.filter(({ event }) => event._tag !== "TurnDelta")
      )
      assert.lengthOf(yield* ScriptedModel.Requests.all, 2, "the model was not asked again")
    }).pipe(Effect.provide(world([answer, answer])))
  )

  it.effect("leaves out rounds that run before it in the same session", () =>
    Effect.gen(function* () {
      yield* watched
      const first = yield* Effect.forkChild(send("first"), { startImmediately: true })
      const second = yield* Effect.forkChild(collected("second"), { startImmediately: true })
      yield* Fiber.join(first)
      const { entries } = yield* Fiber.join(second)
      const rounds = entries.flatMap(({ event }) => ("roundId" in event ? [event.roundId] : []))
      assert.deepStrictEqual([...new Set(rounds)], [roundId(2)])
      assert.strictEqual(entries[0]?.event._tag, "RoundStarted")
      assert.strictEqual(entries.at(-1)?.event._tag, "RoundCompleted")
    }).pipe(Effect.provide(world([answer, answer])))
  )

  it.effect("begins with the events that close a round of a dead process", () =>
    Effect.gen(function* () {
      yield* watched
      const sessions = yield* SessionManager
      const events: ReadonlyArray<SessionEvent> = [...pastRound(1), ...lostRound(2)]
      const lease = yield* sessions.acquire(sessionId)
      yield* sessions.append(sessionId, { after: 0, epoch: lease.epoch }, events)
    }).pipe(
      Effect.scoped,
      Effect.andThen(collected("hello")),
      Effect.map(({ entries }) => {
        assert.deepStrictEqual(tagsOf(entries).slice(0, 4), [
          "ToolSettled",
          "ToolSettled",
          "RoundFailed",
          "RoundStarted"
        ])
        assert.strictEqual(entries.at(-1)?.event._tag, "RoundCompleted")
      }),
      Effect.provide(world([answer]))
    )
  )

  /** Stores everything but the end of a round. */
  const full = Layer.effect(
    SessionManager,
    Effect.map(SessionManager, (sessions) =>
      SessionManager.of({
        ...sessions,
        append: (id, at, events) =>
          events.some(({ _tag }) => _tag === "RoundCompleted" || _tag === "RoundFailed")
            ? Effect.fail(new StorageError({ operation: "append", reason: "Full", detail: "test" }))
            : sessions.append(id, at, events)
      })
    )
  ).pipe(Layer.provide(SessionManager.layerMemory))

  it.effect("ends with the error when the end of the round cannot be stored", () =>
    Effect.gen(function* () {
      yield* watched
      const { entries, error } = yield* ending(collected("hello"))
      assert.strictEqual(error, "StorageError")
      assert.strictEqual(entries[0]?.event._tag, "RoundStarted")
    }).pipe(Effect.provide(world([answer], {}, Layer.empty, full)))
  )

  it.effect("tells the round's id when it is accepted, by which that round alone can be cancelled", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const accepted: Array<string> = []
      const streamed = coordinator.stream({ sessionId, request: "hello" }, ({ roundId }) =>
        Effect.sync(() => void accepted.push(roundId))
      )
      const fiber = yield* Effect.forkChild(Stream.runCollect(streamed))
      yield* until("TurnDelta")
      assert.deepStrictEqual(accepted, ["r1"])
      yield* coordinator.cancel(sessionId, roundId(2))
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.isUndefined(fiber.pollUnsafe(), "another round was meant")
      yield* coordinator.cancel(sessionId, roundId(1))
      assert.strictEqual(tagsOf(yield* Fiber.join(fiber)).at(-1), "RoundCancelled")
    }).pipe(Effect.provide(world([hanging(text(0, "Do"))])))
  )
})
