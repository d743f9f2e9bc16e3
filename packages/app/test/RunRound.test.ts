import { textOf } from "@parley/domain/Content"
import { InvalidMessage } from "@parley/domain/Errors"
import { RequestId, SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { ModelError, Unauthorized } from "@parley/domain/ModelError"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Round } from "@parley/domain/Session"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import * as RunRound from "../src/sessions/RunRound.ts"

const sessionId = SessionId.make("session-1")

const engineWith = (models: Layer.Layer<ModelsManager>) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      SessionManager.layerMemory,
      McpManager.layerMemory({}),
      models,
      PromptManager.layerMemory({ instructions: "Be brief." })
    ])
  )
/** The memory model, with another stream. */
const streaming = (stream: ModelsManager["Service"]["stream"]) =>
  engineWith(
    Layer.effect(
      ModelsManager,
      Effect.map(ModelsManager, (models) => ModelsManager.of({ ...models, stream }))
    ).pipe(Layer.provide(ModelsManager.layerMemory))
  )

/** Runs a round in a new session and records the events that are shown. */
const shown = Effect.gen(function* () {
  const sessions = yield* SessionManager
  yield* sessions.create({ id: sessionId })
  const tags: Array<LogEntry["event"]["_tag"]> = []
  const last: Array<Round> = []
  const run = (request: string) =>
    RunRound.run(
      { sessionId, request },
      ({ event }) => Effect.sync(() => void tags.push(event._tag)),
      (round) => Effect.sync(() => void last.push(round))
    )
  return { run, tags, last }
})

describe("running a round", () => {
  it.effect("shows all its events and returns the round as it is stored", () =>
    Effect.gen(function* () {
      const { last, run, tags } = yield* shown
      const round = yield* run("hello")
      assert.strictEqual(round.status, "completed")
      assert.deepStrictEqual([tags[0], tags.at(-1)], ["RoundStarted", "RoundCompleted"])
      assert.deepStrictEqual(last, [round])
      assert.strictEqual((yield* run("again")).id, "r2")
    }).pipe(Effect.provide(engineWith(ModelsManager.layerMemory)))
  )

  it.effect("fails with the round's error after all events have been shown", () =>
    Effect.gen(function* () {
      const { last, run, tags } = yield* shown
      const error = yield* Effect.flip(run("hello"))
      assert.instanceOf(error, ModelError)
      assert.strictEqual(tags.at(-1), "RoundFailed")
      assert.deepStrictEqual(
        last.map(({ status }) => status),
        ["failed"]
      )
    }).pipe(
      Effect.provide(streaming(() => Stream.fail(new ModelError({ reason: new Unauthorized({ detail: "no" }) }))))
    )
  )

  it.effect("shows nothing of a message that is not admitted", () =>
    Effect.gen(function* () {
      const { last, run, tags } = yield* shown
      assert.instanceOf(yield* Effect.flip(run(" ")), InvalidMessage)
      assert.deepStrictEqual([tags, last], [[], []])
    }).pipe(Effect.provide(engineWith(ModelsManager.layerMemory)))
  )

  it.effect("cancels the round when it is interrupted, and shows the cancellation", () =>
    Effect.gen(function* () {
      const { last, run, tags } = yield* shown
      const running = yield* Effect.forkChild(run("hello"), { startImmediately: true })
      const coordinator = yield* SessionCoordinator
      yield* coordinator.events(sessionId).pipe(
        Stream.takeUntil(({ event }) => event._tag === "TurnStarted"),
        Stream.runDrain
      )
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(tags.slice(-2), ["TurnInterrupted", "RoundCancelled"])
      assert.deepStrictEqual(
        last.map(({ status }) => status),
        ["cancelled"]
      )
    }).pipe(Effect.provide(streaming(() => Stream.never)))
  )

  it.effect("ends at once when it is interrupted before its round begins, and leaves the other round alone", () =>
    Effect.gen(function* () {
      const { run, tags } = yield* shown
      const coordinator = yield* SessionCoordinator
      const other = yield* Effect.forkChild(coordinator.handleMessage({ sessionId, request: "first" }), {
        startImmediately: true
      })
      yield* coordinator.events(sessionId).pipe(
        Stream.takeUntil(({ event }) => event._tag === "TurnStarted"),
        Stream.runDrain
      )
      const waiting = yield* Effect.forkChild(run("second"), { startImmediately: true })
      yield* Effect.yieldNow
      const interrupted = Effect.as(Fiber.interrupt(waiting), "interrupted")
      const many = Effect.as(Effect.repeat(Effect.yieldNow, { times: 1000 }), "still waiting")
      assert.strictEqual(yield* Effect.raceFirst(interrupted, many), "interrupted")
      assert.deepStrictEqual(tags, [])
      assert.isUndefined(other.pollUnsafe(), "the first round runs on")
      yield* coordinator.cancel(sessionId)
      assert.strictEqual((yield* Fiber.join(other)).status, "cancelled")
    }).pipe(Effect.provide(streaming(() => Stream.never)))
  )

  it.effect("returns the earlier round when the request was sent before", () =>
    Effect.gen(function* () {
      const { run } = yield* shown
      const once = { sessionId, request: "hello", requestId: RequestId.make("once") }
      const first = yield* RunRound.run(once, () => Effect.void)
      yield* run("something else")
      assert.deepStrictEqual(yield* RunRound.run(once, () => Effect.void), first)
    }).pipe(Effect.provide(engineWith(ModelsManager.layerMemory)))
  )

  it.effect("returns its own round, whatever other callers send meanwhile", () =>
    Effect.gen(function* () {
      const { run } = yield* shown
      const rounds = yield* Effect.all([run("first"), run("second"), run("third")], { concurrency: "unbounded" })
      assert.deepStrictEqual(
        rounds.map(({ request }) => textOf(request)),
        ["first", "second", "third"]
      )
    }).pipe(Effect.provide(engineWith(ModelsManager.layerMemory)))
  )
})
