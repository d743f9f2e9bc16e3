import { textOf } from "@parley/domain/Content"
import { StorageError } from "@parley/domain/Errors"
import { RequestId, roundId, SessionId } from "@parley/domain/Ids"
import { Overloaded } from "@parley/domain/ModelError"
import { PromptManager } from "@parley/domain/PromptManager"
import { endsRound, type SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools, SlowSessions } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Latch, Layer, Stream } from "effect"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, session, sessionId, until, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const tags = Effect.map(log, (entries) => entries.map(({ event }) => event._tag))

/** While open, the store refuses everything but the first two appends. */
class Broken extends Context.Service<Broken, Latch.Latch>()("@parley/session/test/Rounds.test/Broken") {}
const brokenLayer = Layer.effect(Broken, Latch.make(true))
const failingStore = Layer.effect(
  SessionManager,
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const broken = yield* Broken
    let appends = 0
    return SessionManager.of({
      ...sessions,
      append: (id, at, events) =>
        Effect.suspend(() =>
          broken.isOpen() && ++appends > 2
            ? Effect.fail(new StorageError({ operation: "append", reason: "Full", detail: "test" }))
            : sessions.append(id, at, events)
        )
    })
  })
)

describe("cancellation", () => {
  const slow = SlowSessions.layer(5)
  const hanging = [turn(call(0, "hangs"), call(1, "echo"), call(2, "hangs"), [finish("tool-calls")]), answer]

  it.effect(
    "settles running calls as unknown, ended calls with their outcome, and calls that never started as not run",
    () =>
      Effect.gen(function* () {
        const seen = yield* watched
        const fiber = yield* Effect.forkChild(send("go").pipe(Effect.provideService(Limits, oneAtATime)))
        yield* until("ToolStarted")
        yield* Fiber.interrupt(fiber)
        const outcomes = (yield* session).turns[0]?.toolCalls.map(({ outcome }) => outcome?._tag)
        assert.deepStrictEqual(outcomes, ["Unknown", "NotExecuted", "NotExecuted"])
        assert.strictEqual((yield* session).rounds[0]?.status, "cancelled")
        assert.strictEqual((yield* send("and now?")).status, "completed")
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world(hanging, { hangs: ScriptedTools.hangs, echo: ScriptedTools.echo })))
  )

  it.effect("keeps a cancelled turn's text for people and out of the next request", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const fiber = yield* Effect.forkChild(send("go"))
      yield* until("TurnDelta")
      yield* Fiber.interrupt(fiber)
      const [interrupted] = (yield* session).turns
      assert.strictEqual(interrupted?.status, "interrupted")
      assert.deepStrictEqual(interrupted?.content, [{ _tag: "Text", text: "half of" }])
      yield* send("again")
      const requests = yield* ScriptedModel.Requests.all
      assert.notInclude(textOf(requests[1]?.messages.flatMap(({ content }) => content) ?? []), "half of")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "half of")), answer])))
  )

  it.effect("by another caller returns the closed round to the waiting caller", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const fiber = yield* Effect.forkChild(send("go"))
      yield* until("TurnDelta")
      yield* coordinator.cancel(sessionId)
      assert.strictEqual((yield* Fiber.join(fiber)).status, "cancelled")
      yield* coordinator.cancel(sessionId)
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x"))])))
  )

  it.effect("by another caller withdraws the messages that wait", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const first = yield* Effect.forkChild(send("first"))
      yield* until("TurnDelta")
      const second = yield* Effect.forkChild(send("second"), { startImmediately: true })
      const submitted = yield* Effect.forkChild(coordinator.submit({ sessionId, request: "third" }), {
        startImmediately: true
      })
      const streamed = yield* Effect.forkChild(
        Stream.runCollect(coordinator.stream({ sessionId, request: "fourth" })),
        { startImmediately: true }
      )
      yield* Effect.yieldNow
      yield* coordinator.cancel(sessionId)
      assert.strictEqual((yield* Fiber.join(first)).status, "cancelled")
      const errors = [
        yield* Effect.flip(Fiber.join(second)),
        yield* Effect.flip(Fiber.join(submitted)),
        yield* Effect.flip(Fiber.join(streamed))
      ]
      for (const error of errors) assert.deepInclude(error, { _tag: "MessageWithdrawn", sessionId })
      assert.lengthOf((yield* session).rounds, 1)
      assert.strictEqual((yield* send("fifth")).status, "completed")
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x")), answer])))
  )

  it.effect("of one round by its id, or of another session, lets the messages that wait continue", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const first = yield* Effect.forkChild(send("first"))
      yield* until("TurnDelta")
      const second = yield* Effect.forkChild(send("second"), { startImmediately: true })
      yield* coordinator.cancel(SessionId.make("another"))
      yield* coordinator.cancel(sessionId, roundId(1))
      assert.strictEqual((yield* Fiber.join(first)).status, "cancelled")
      assert.strictEqual((yield* Fiber.join(second)).status, "completed")
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x")), answer])))
  )

  it.effect("of a submission before it is accepted withdraws its message", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const first = yield* Effect.forkChild(send("first"))
      yield* until("TurnDelta")
      const second = yield* Effect.forkChild(coordinator.submit({ sessionId, request: "second" }), {
        startImmediately: true
      })
      yield* Fiber.interrupt(second)
      yield* coordinator.cancel(sessionId, roundId(1))
      assert.strictEqual((yield* Fiber.join(first)).status, "cancelled")
      assert.strictEqual((yield* send("third")).status, "completed")
      assert.deepStrictEqual(
        (yield* session).rounds.map(({ request }) => textOf(request)),
        ["first", "third"]
      )
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x")), answer])))
  )

  it.effect("of a submission after it is accepted lets its round continue", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const submission = yield* Effect.forkChild(coordinator.submit({ sessionId, request: "go" }))
      yield* Fiber.join(submission)
      yield* Fiber.interrupt(submission)
      yield* until("RoundCompleted")
    }).pipe(Effect.provide(world([answer])))
  )

  it.effect("of a waiting message stores nothing", () =>
    Effect.gen(function* () {
      yield* watched
      const first = yield* Effect.forkChild(send("first"))
      yield* until("TurnDelta")
      const second = yield* Effect.forkChild(send("second"), { startImmediately: true })
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      assert.lengthOf((yield* session).rounds, 1)
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x"))])))
  )

  it.effect("stores nothing of a turn after its end, even on a slow disk", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const fiber = yield* Effect.forkChild(send("go"))
      yield* until("TurnDelta")
      yield* Fiber.interrupt(fiber)
      const events = (yield* log).map(({ event }) => event._tag)
      assert.deepStrictEqual(events.slice(2), ["TurnStarted", "TurnInterrupted", "RoundCancelled"])
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world([ScriptedModel.hanging(...Array.from({ length: 20 }, () => text(0, "x")))], {}, undefined, slow)
      )
    )
  )

  const oneAtATime = { ...defaults, toolConcurrency: 1 }
})

describe("tools", () => {
  const many = (count: number, name: string) =>
    turn(...Array.from({ length: count }, (_, i) => call(i, name, { i })), [finish("tool-calls")])

  it.effect("run concurrently up to the limit", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("go")
      const calls = yield* ScriptedTools.Calls
      assert.strictEqual(calls.most, 8)
      assert.lengthOf(calls.started, 20)
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([many(20, "slow"), answer], { slow: ScriptedTools.steps(9, ScriptedTools.echo) })))
  )

  it.effect("have results in call order, regardless of which is done first", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      const calls = yield* ScriptedTools.Calls
      assert.deepStrictEqual(
        calls.ended.map((key) => key.split("/").at(-1)),
        ["r1t1c3", "r1t1c2", "r1t1c1"]
      )
      const results = (yield* ScriptedModel.Requests.all)[1]?.messages.at(-1)?.content
      assert.deepStrictEqual(
        results?.map((block) => (block._tag === "ToolResult" ? block.callId : "")),
        ["r1t1c1", "r1t1c2", "r1t1c3"]
      )
    }).pipe(
      Effect.provide(
        world([many(3, "uneven"), answer], {
          uneven: (input) => ScriptedTools.steps(90 - 30 * Number(input["i"]), ScriptedTools.echo)(input)
        })
      )
    )
  )

  it.effect("carry an idempotency key that names session, round, turn and call", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.deepStrictEqual((yield* ScriptedTools.Calls).started, ["session-1/r1/r1t1/r1t1c1"])
    }).pipe(Effect.provide(world([turn(call(0, "echo"), [finish("tool-calls")]), answer])))
  )

  const cut = turn(text(0, "So."), call(1, "echo", { valid: true }), [finish("length")])
  it.effect("are never run from a turn that stopped for length", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* send("go")
      assert.strictEqual(round.stop, "length")
      assert.isEmpty((yield* ScriptedTools.Calls).started)
      assert.strictEqual(round.turns[0]?.toolCalls[0]?.outcome?._tag, "NotExecuted")
      assert.strictEqual((yield* send("again")).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([cut, cut, answer])))
  )

  it.effect("that are unknown or get malformed input return an error, and the round continues", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* send("go")
      assert.strictEqual(round.status, "completed")
      assert.isEmpty((yield* ScriptedTools.Calls).started)
      const words = (round.turns[0]?.toolCalls ?? []).map(({ outcome }) =>
        outcome?._tag === "Failed" ? textOf(outcome.content) : ""
      )
      assert.include(words[0], "There is no tool")
      assert.include(words[1], "not a JSON object")
      assert.include(words[2], "not a JSON object")
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world([turn(call(0, "nope"), call(1, "echo", '{"a":'), call(2, "echo", "[1]"), [finish("tool-calls")]), answer])
      )
    )
  )
})

describe("overlapping appends", () => {
  it.effect("fail after one that failed, even if the store has both", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(send("go"))
      assert.strictEqual(error._tag, "StorageError")
      assert.isEmpty((yield* ScriptedTools.Calls).started, "nothing is run on a state that is not known")
      assert.lengthOf(yield* ScriptedModel.Requests.all, 1)
    }).pipe(
      Effect.provide(
        world(
          [turn(text(0, "a"), call(1, "echo"), call(2, "echo"), [finish("tool-calls")]), answer],
          undefined,
          undefined,
          Layer.effect(
            SessionManager,
            Effect.map(SessionManager, (sessions) =>
              SessionManager.of({
                ...sessions,
                append: (id, at, events) =>
                  events.every(({ _tag }) => _tag === "TurnDelta")
                    ? sessions
                        .append(id, at, events)
                        .pipe(
                          Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 10 })),
                          Effect.andThen(
                            new StorageError({ operation: "append", reason: "Unavailable", detail: "test" })
                          )
                        )
                    : sessions.append(id, at, events)
              })
            )
          ).pipe(Layer.provide(SessionManager.layerMemory))
        )
      )
    )
  )
})

describe("rounds", () => {
  it.effect("continue after a pause with the provider's own response sent back", () =>
    Effect.gen(function* () {
      yield* watched
      const round = yield* send("go")
      assert.strictEqual(round.stop, "end")
      const [, second] = yield* ScriptedModel.Requests.all
      assert.deepStrictEqual(
        second?.messages.map(({ content, role }) => `${role}: ${textOf(content)}`),
        ["user: go", "assistant: I am searching"]
      )
    }).pipe(Effect.provide(world([turn(text(0, "I am searching"), [finish("pause")]), answer])))
  )

  it.effect("stop at the turn limit with a typed error, and the session can continue", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const error = yield* Effect.flip(send("go").pipe(Effect.provideService(Limits, { ...defaults, turns: 2 })))
      assert.strictEqual(error._tag, "CapReached")
      assert.strictEqual((yield* session).rounds[0]?.failure?.error, "CapReached")
      assert.strictEqual((yield* send("again")).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world([turn(call(0, "echo"), [finish("tool-calls")]), turn(call(0, "echo"), [finish("tool-calls")]), answer])
      )
    )
  )

  it.effect("of one session run one after another, of two sessions concurrently", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const coordinator = yield* SessionCoordinator
      const other = SessionId.make("other")
      yield* (yield* SessionManager).create({ id: other })
      const first = yield* Effect.forkChild(send("one"), { startImmediately: true })
      const second = yield* Effect.forkChild(send("two"), { startImmediately: true })
      const third = yield* Effect.forkChild(coordinator.handleMessage({ sessionId: other, request: "three" }))
      yield* Fiber.join(third)
      assert.isUndefined(first.pollUnsafe(), "another session does not wait")
      assert.isUndefined(second.pollUnsafe(), "the same session waits")
      yield* Fiber.joinAll([first, second])
      const starts = (yield* log).flatMap(({ event }) => (event._tag === "RoundStarted" ? [event.request] : []))
      assert.deepStrictEqual(
        starts.flat().map((block) => (block._tag === "Text" ? block.text : "")),
        ["one", "two"]
      )
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        world([turn(call(0, "slow"), [finish("tool-calls")]), turn(text(0, "quick"), [finish()]), answer, answer], {
          slow: ScriptedTools.steps(500, ScriptedTools.echo)
        })
      )
    )
  )

  it.effect("with a request id run once, and the same id returns the same round", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const options = { sessionId, request: "go", requestId: RequestId.make("q1") }
      const accepted = yield* coordinator.submit(options)
      const round = yield* coordinator.handleMessage(options)
      assert.strictEqual(round.id, accepted.roundId)
      assert.deepStrictEqual(yield* coordinator.handleMessage(options), round)
      assert.lengthOf(yield* ScriptedModel.Requests.all, 1)
    }).pipe(Effect.provide(world([answer])))
  )

  it.effect("that were submitted continue after their submitter has ended", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const submitter = yield* Effect.forkChild(coordinator.submit({ sessionId, request: "go" }))
      assert.strictEqual((yield* Fiber.join(submitter)).roundId, "r1")
      yield* until("RoundCompleted")
    }).pipe(Effect.provide(world([answer])))
  )

  it.effect("that fail keep the provider's reason, in the error and in the log", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const reason = yield* send("go").pipe(
        Effect.provideService(Limits, { ...defaults, retries: 0 }),
        Effect.as("none"),
        Effect.catchReason("ModelError", "Overloaded", ({ detail }) => Effect.succeed(detail))
      )
      assert.strictEqual(reason, "529")
      const [round] = (yield* session).rounds
      assert.strictEqual(round?.failure?.reason, "Overloaded")
      assert.deepStrictEqual(round?.turns[0]?.content, [{ _tag: "Text", text: "half" }])
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([ScriptedModel.failing(new Overloaded({ detail: "529" }), text(0, "half"))])))
  )

  it.effect("are rejected before anything is stored if the message is not valid", () =>
    Effect.gen(function* () {
      yield* watched
      for (const request of ["", "  \n\t", "\0\0", "x".repeat(1001)])
        assert.strictEqual(
          (yield* Effect.flip(send(request).pipe(Effect.provideService(Limits, { ...defaults, messageBytes: 1000 }))))
            ._tag,
          "InvalidMessage"
        )
      const coordinator = yield* SessionCoordinator
      const missing = SessionId.make("missing")
      const error = yield* Effect.flip(coordinator.handleMessage({ sessionId: missing, request: "x" }))
      assert.strictEqual(error._tag, "SessionNotFound")
      assert.isEmpty(yield* log)
    }).pipe(Effect.provide(world([])))
  )

  it.effect("include the cost of failed turns", () =>
    Effect.gen(function* () {
      yield* watched
      yield* Effect.exit(send("go").pipe(Effect.provideService(Limits, { ...defaults, retries: 0 })))
      const [round] = (yield* session).rounds
      assert.strictEqual(round?.status, "failed")
      assert.strictEqual(round?.usage.inputTokens, 1_000_000)
      assert.strictEqual(round?.cost, 3)
    }).pipe(
      Effect.provide(
        SessionCoordinator.layer.pipe(
          Layer.provideMerge([
            ScriptedModel.layer(
              [
                ScriptedModel.turn([
                  { _tag: "UsageSoFar", usage: { ...Chunks.usage, inputTokens: 1_000_000, outputTokens: 0 } }
                ])
              ],
              { price: { input: 3, output: 15 } }
            ),
            ScriptedTools.layer(),
            SessionManager.layerMemory,
            PromptManager.layerMemory()
          ])
        )
      )
    )
  )
})

describe("recovery", () => {
  const lost: ReadonlyArray<SessionEvent> = [
    { _tag: "RoundStarted", roundId: roundId(1), request: [{ _tag: "Text", text: "go" }] }
  ]
  const dead = Effect.gen(function* () {
    const sessions = yield* SessionManager
    yield* sessions.append(sessionId, { after: 0, epoch: 0 }, lost)
  })

  it.effect("closes a round that is not running, once, without calling a model or a tool", () =>
    Effect.gen(function* () {
      yield* watched
      yield* dead
      const coordinator = yield* SessionCoordinator
      const closed = { _tag: "Closed" as const, sessionId, roundId: roundId(1), unknown: [], notExecuted: [] }
      assert.deepStrictEqual(yield* coordinator.recover, [closed])
      assert.deepStrictEqual(yield* coordinator.recover, [])
      assert.deepStrictEqual(yield* tags, ["RoundStarted", "RoundFailed"])
      assert.isEmpty(yield* ScriptedModel.Requests.all)
    }).pipe(Effect.provide(world([])))
  )

  it.effect("happens automatically before the next message", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* dead
      assert.strictEqual((yield* send("and now?")).id, "r2")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([answer])))
  )

  it.effect("does not change a running round", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const fiber = yield* Effect.forkChild(send("go"))
      yield* until("TurnDelta")
      assert.deepStrictEqual(yield* coordinator.recover, [])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x"))])))
  )
})

describe("a store that fails", () => {
  it.effect(
    "ends the round with its error, shows nothing that is not stored, and the session can be opened again",
    () =>
      Effect.gen(function* () {
        const seen = yield* watched
        const error = yield* Effect.flip(send("go"))
        assert.strictEqual(error._tag, "StorageError")
        assert.deepStrictEqual(
          seen.map(({ seq }) => seq),
          (yield* log).map(({ seq }) => seq)
        )
        yield* Effect.flatMap(Broken, (broken) => broken.close)
        assert.strictEqual((yield* send("again")).status, "completed")
      }).pipe(
        Effect.provide(
          SessionCoordinator.layer.pipe(
            Layer.provide(failingStore),
            Layer.provideMerge([
              ScriptedModel.layer([turn(text(0, "a"), text(0, "b"), [finish()]), answer]),
              ScriptedTools.layer(),
              PromptManager.layerMemory()
            ]),
            Layer.provideMerge(Layer.mergeAll(SessionManager.layerMemory, brokenLayer))
          )
        )
      )
  )

  it.effect("is reported even if the round itself has failed", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(send("go").pipe(Effect.provideService(Limits, { ...defaults, retries: 0 })))
      assert.strictEqual(error._tag, "StorageError")
      assert.strictEqual((yield* session).rounds[0]?.status, "running", "recovery closes it with the next message")
    }).pipe(
      Effect.provide(
        SessionCoordinator.layer.pipe(
          Layer.provide(
            Layer.effect(
              SessionManager,
              Effect.map(SessionManager, (sessions) =>
                SessionManager.of({
                  ...sessions,
                  append: (id, at, events) =>
                    events.some(endsRound)
                      ? Effect.fail(new StorageError({ operation: "append", reason: "Full", detail: "test" }))
                      : sessions.append(id, at, events)
                })
              )
            )
          ),
          Layer.provideMerge([
            ScriptedModel.layer([ScriptedModel.failing(new Overloaded({ detail: "529" }), text(0, "half"))]),
            ScriptedTools.layer(),
            PromptManager.layerMemory()
          ]),
          Layer.provideMerge(SessionManager.layerMemory)
        )
      )
    )
  )
})
