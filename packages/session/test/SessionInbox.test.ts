import { textOf } from "@parley/domain/Content"
import { PostId, RequestId, roundId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { defaults, Limits } from "../src/limits/Limits.ts"
import * as Inbox from "../src/round/SessionInbox.ts"
import { type SendMessage, SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, session, sessionId, until, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { Requests, turn } = ScriptedModel
const says = (words: string) => turn(text(0, words), [finish("end")])
const calls = turn([...call(0, "slow", { a: 1 }), ...call(1, "echo", { b: 2 })], [finish("tool-calls")])

const post = (request: string, delivery: SendMessage["delivery"], requestId?: string) =>
  SessionCoordinator.use((coordinator) =>
    coordinator.send(sessionId, {
      request,
      delivery,
      requestId: requestId === undefined ? undefined : RequestId.make(requestId)
    })
  )
const waiting = SessionCoordinator.use((coordinator) => coordinator.inbox(sessionId))
const withdraw = (id: Inbox.Sent) =>
  SessionCoordinator.use((coordinator) => coordinator.withdrawMessage(sessionId, id.messageId))
/** Waits until no message waits and no round runs. */
const delivered = SessionCoordinator.use((coordinator) => Stream.runDrain(coordinator.deliver(sessionId)))
/** The texts of the messages that started rounds, each with those that were delivered during it. */
const told = Effect.map(session, ({ rounds }) =>
  rounds.map(({ delivered = [], request, status }) =>
    [textOf(request), ...delivered.map((message) => textOf(message.request)), status].join(" ")
  )
)
const tags = Effect.map(log, (entries) => entries.map(({ event }) => event._tag))
/** The content of the last message of each request, in short. */
const ends = Effect.map(Requests.all, (requests) =>
  requests.map(({ messages }) =>
    (messages.at(-1)?.content ?? []).map((block) => (block._tag === "Text" ? block.text : block._tag)).join(" ")
  )
)
/** Waits until the turn has begun to stream. */
const streams = (turnId: string) =>
  SessionCoordinator.use((coordinator) =>
    coordinator.events(sessionId).pipe(
      Stream.takeUntil(({ event }) => event._tag === "TurnDelta" && event.turnId === turnId),
      Stream.runDrain
    )
  )
/** A turn that finishes when the latch is opened. */
const held = (latch: Latch.Latch, words: string) =>
  turn(text(0, words), [finish("end")]).pipe(
    Stream.tap((chunk) => (chunk._tag === "Finish" ? latch.await : Effect.void))
  )

describe("a steering message", () => {
  it.effect("is delivered after the tools of the running turn, as part of the next request of the same round", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make(false)
      const slow: ScriptedTools.Behaviour = (input) => Effect.andThen(latch.await, ScriptedTools.says("late")(input))
      yield* Effect.gen(function* () {
        const seen = yield* watched
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("ToolStarted")
        const first = yield* post("Left", "steer")
        yield* post("Up", "steer")
        assert.deepStrictEqual(
          (yield* waiting).map(({ delivery, id, request }) => [id, delivery, textOf(request)]),
          [
            ["p1", "steer", "Left"],
            ["p2", "steer", "Up"]
          ]
        )
        assert.deepStrictEqual(first, { sessionId, messageId: "p1", isRepeated: false })
        yield* latch.open
        const { delivered = [], status } = yield* Fiber.join(round)
        assert.strictEqual(status, "completed")
        assert.deepStrictEqual(
          delivered.map(({ afterTurns, id, request }) => [id, textOf(request), afterTurns]),
          [
            ["p1", "Left", 1],
            ["p2", "Up", 1]
          ]
        )
        assert.deepStrictEqual(yield* ends, ["Go", "ToolResult ToolResult Left Up"])
        assert.deepStrictEqual(yield* waiting, [])
        assert.deepStrictEqual((yield* tags).slice(-6), [
          "ToolSettled",
          "MessageDelivered",
          "MessageDelivered",
          "TurnStarted",
          "TurnCompleted",
          "RoundCompleted"
        ])
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([calls, says("Done.")], { slow, echo: ScriptedTools.echo })))
    }).pipe(Effect.scoped)
  )

  it.effect("continues the round if the model has just finished, but not beyond the limit of turns", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* Latch.make(false), yield* Latch.make(false)]
      const turns = [held(one, "First."), held(two, "Second."), says("Third.")]
      yield* Effect.gen(function* () {
        const seen = yield* watched
        const limited = Effect.provideService(send("Go"), Limits, { ...defaults, turns: 2 })
        const round = yield* Effect.forkChild(limited, { startImmediately: true })
        yield* until("TurnDelta")
        yield* post("And?", "steer")
        yield* one.open
        yield* streams("r1t2")
        yield* post("Then?", "steer")
        yield* two.open
        const { status, turns } = yield* Fiber.join(round)
        assert.deepStrictEqual(
          [status, turns.map(({ content }) => textOf(content))],
          ["completed", ["First.", "Second."]]
        )
        yield* delivered
        assert.deepStrictEqual(yield* told, ["Go And? completed", "Then? completed"])
        assert.deepStrictEqual(yield* ends, ["Go", "And?", "Then?"])
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world(turns)))
    }).pipe(Effect.scoped)
  )

  it.effect("waits until a paused response is continued", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make(false)
      const paused = turn(text(0, "Half"), [finish("pause")]).pipe(
        Stream.tap((chunk) => (chunk._tag === "Finish" ? latch.await : Effect.void))
      )
      yield* Effect.gen(function* () {
        const seen = yield* watched
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        yield* post("Now", "steer")
        yield* latch.open
        yield* Fiber.join(round)
        assert.deepStrictEqual(yield* ends, ["Go", "Half", "Now"])
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([paused, says("and half."), says("Done.")])))
    }).pipe(Effect.scoped)
  )

  it.effect("from outside taints the request that contains it", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make(false)
      yield* Effect.gen(function* () {
        yield* watched
        const coordinator = yield* SessionCoordinator
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        yield* coordinator.send(sessionId, { request: ["Look: ", { outside: "foreign" }], delivery: "steer" })
        yield* latch.open
        const { turns } = yield* Fiber.join(round)
        const segments = yield* Effect.forEach(turns, ({ id }) =>
          Effect.map(coordinator.sentContext(sessionId, id), ({ manifest }) =>
            manifest.flatMap(({ provenance = "", source, why = "" }) =>
              source.startsWith("steer") ? [[source, provenance, why]] : []
            )
          )
        )
        const why = "the user sent it during the round"
        assert.deepStrictEqual(segments, [
          [],
          [
            ["steer:p1", "user", why],
            ["steer:p1", "outside", `${why}; others wrote this part`]
          ]
        ])
      }).pipe(Effect.provide(world([held(latch, "First."), says("Second.")])))
    }).pipe(Effect.scoped)
  )
})

describe("a queued message", () => {
  it.effect("is a round of its own after the running one, in order, and before other messages", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make(false)
      yield* Effect.gen(function* () {
        const seen = yield* watched
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        const next = yield* Effect.forkChild(send("Next"), { startImmediately: true })
        yield* post("One", "queue")
        yield* post("Two", "queue")
        yield* latch.open
        assert.strictEqual((yield* Fiber.join(round)).turns.length, 1)
        assert.strictEqual(textOf((yield* Fiber.join(next)).request), "Next")
        assert.deepStrictEqual(yield* told, ["Go completed", "One completed", "Two completed", "Next completed"])
        assert.deepStrictEqual(
          (yield* session).rounds.map(({ messageId }) => messageId),
          [undefined, "p1", "p2", undefined]
        )
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([held(latch, "First."), says("2"), says("3"), says("4")])))
    }).pipe(Effect.scoped)
  )

  it.effect("to an idle session starts a round, whatever its delivery, and goes on after a round that failed", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* post("One", "steer")
      yield* post("Two", "queue")
      yield* delivered
      assert.deepStrictEqual(yield* told, ["One failed", "Two completed"])
      // A stream of what is delivered begins after the given event.
      const events = yield* SessionCoordinator.use((coordinator) =>
        Stream.runCollect(coordinator.deliver(sessionId, { after: 0 }))
      )
      assert.deepStrictEqual(events, yield* log)
      yield* checkInvariants(seen)
    }).pipe(Effect.scoped, Effect.provide(world([turn([finish("refusal")]), says("Done.")])))
  )

  it.effect("that cannot run is stored as a failed round, and the next one runs", () =>
    Effect.gen(function* () {
      yield* watched
      const priced = { ...defaults, roundCost: 1 }
      yield* Effect.provideService(Effect.andThen(post("One", "queue"), delivered), Limits, priced)
      yield* post("Two", "queue")
      yield* delivered
      assert.deepStrictEqual(yield* told, ["One failed", "Two completed"])
      assert.strictEqual((yield* session).rounds[0]?.failure?.error, "PriceUnknown")
    }).pipe(Effect.scoped, Effect.provide(world([says("Done.")])))
  )
})

describe("a message of the inbox", () => {
  it.effect("can be edited and withdrawn until it is delivered", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make(false)
      yield* Effect.gen(function* () {
        yield* watched
        const coordinator = yield* SessionCoordinator
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        const [a, b] = [yield* post("a", "steer", "k"), yield* post("b", "queue")]
        yield* coordinator.editMessage(sessionId, a.messageId, "edited")
        yield* withdraw(b)
        assert.strictEqual(
          (yield* Effect.flip(coordinator.editMessage(sessionId, a.messageId, " ")))._tag,
          "InvalidMessage"
        )
        yield* latch.open
        yield* Fiber.join(round)
        yield* delivered
        assert.deepStrictEqual(yield* told, ["Go edited completed"])
        const refused = <R>(error: Effect.Effect<void, Inbox.InboxError, R>) =>
          Effect.map(Effect.flip(error), (found) => (found._tag === "MessageClosed" ? found.state : found._tag))
        assert.strictEqual(yield* refused(coordinator.editMessage(sessionId, a.messageId, "c")), "delivered")
        assert.strictEqual(yield* refused(withdraw(b)), "withdrawn")
        assert.strictEqual(yield* refused(withdraw({ ...b, messageId: PostId.make("p9") })), "unknown")
        const sessions = yield* SessionManager
        const answer = yield* sessions.post(sessionId, { kind: "answer", payload: "yes" })
        assert.strictEqual(yield* refused(withdraw({ ...b, messageId: answer.id })), "unknown")
        assert.strictEqual(yield* refused(coordinator.editMessage(sessionId, answer.id, "no")), "unknown")
        assert.strictEqual((yield* sessions.posts(sessionId)).length, 1)
      }).pipe(Effect.provide(world([held(latch, "First."), says("Second.")])))
    }).pipe(Effect.scoped)
  )

  it.effect("is accepted once for each request id, and not run again if a round has the id", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const first = yield* post("One", "queue", "one")
      assert.deepStrictEqual(yield* post("One again", "steer", "one"), { ...first, isRepeated: true })
      yield* delivered
      assert.deepStrictEqual(yield* post("One again", "steer", "one"), { ...first, isRepeated: true })
      const round = yield* coordinator.handleMessage({ sessionId, request: "x", requestId: RequestId.make("one") })
      assert.strictEqual(textOf(round.request), "One")
      yield* coordinator.handleMessage({ sessionId, request: "Two", requestId: RequestId.make("two") })
      yield* post("Two again", "queue", "two")
      yield* delivered
      assert.deepStrictEqual([yield* told, yield* waiting], [["One completed", "Two completed"], []])
      const gone = yield* Effect.andThen(
        Inbox.send(sessionId, { request: "3", delivery: "queue", requestId: RequestId.make("three") }),
        (sent) => Effect.as(withdraw(sent), sent)
      )
      const error = yield* Effect.flip(post("3", "queue", "three"))
      assert.deepInclude(error, { _tag: "MessageClosed", messageId: gone.messageId, state: "withdrawn" })
      assert.strictEqual((yield* Effect.flip(post(" ", "queue")))._tag, "InvalidMessage")
    }).pipe(Effect.scoped, Effect.provide(world([says("1"), says("2")])))
  )

  it.effect("steering message is known by its request id", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make(false)
      yield* Effect.gen(function* () {
        yield* watched
        const coordinator = yield* SessionCoordinator
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        yield* post("Steer", "steer", "k")
        yield* latch.open
        const { id } = yield* Fiber.join(round)
        const again = yield* coordinator.handleMessage({ sessionId, request: "x", requestId: RequestId.make("k") })
        assert.deepStrictEqual([again.id, yield* told], [id, ["Go Steer completed"]])
      }).pipe(Effect.provide(world([held(latch, "First."), says("Second.")])))
    }).pipe(Effect.scoped)
  )

  it.effect("stays when its session is cancelled, and is delivered before the next message", () =>
    Effect.gen(function* () {
      const coordinator = yield* SessionCoordinator
      const seen = yield* watched
      const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
      yield* until("TurnDelta")
      yield* post("Steer", "steer")
      yield* post("Queue", "queue")
      yield* coordinator.cancel(sessionId)
      assert.strictEqual((yield* Fiber.join(round)).status, "cancelled")
      yield* Effect.replicateEffect(Effect.yieldNow, 200, { discard: true })
      assert.strictEqual((yield* waiting).length, 2)
      yield* send("Next")
      // The steering message has no running round, so it begins one.
      assert.deepStrictEqual(yield* told, ["Go cancelled", "Steer completed", "Queue completed", "Next completed"])
      yield* checkInvariants(seen)
    }).pipe(
      Effect.scoped,
      Effect.provide(world([ScriptedModel.hanging(text(0, "Hm")), says("1"), says("2"), says("3")]))
    )
  )

  it.effect(
    "stays when only its caller's round is interrupted, and is delivered if one round is cancelled by its id",
    () =>
      Effect.gen(function* () {
        const coordinator = yield* SessionCoordinator
        yield* watched
        const first = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        yield* post("One", "queue")
        yield* Fiber.interrupt(first)
        yield* Effect.replicateEffect(Effect.yieldNow, 200, { discard: true })
        assert.deepStrictEqual(yield* told, ["Go cancelled"])
        const all = yield* Effect.forkChild(delivered, { startImmediately: true })
        yield* streams("r2t1")
        yield* post("Two", "queue")
        const { rounds } = yield* session
        yield* coordinator.cancel(sessionId, rounds.at(-1)?.id)
        yield* Fiber.join(all)
        assert.deepStrictEqual(yield* told, ["Go cancelled", "One cancelled", "Two completed"])
      }).pipe(
        Effect.scoped,
        Effect.provide(world([ScriptedModel.hanging(text(0, "Hm")), ScriptedModel.hanging(text(0, "Hm")), says("1")]))
      )
  )

  it.effect("of a process that died is delivered by the next one that runs the session", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const sessions = yield* SessionManager
      yield* Effect.scoped(
        Effect.flatMap(sessions.acquire(sessionId), ({ epoch }) =>
          sessions.append(sessionId, { after: 0, epoch }, [
            { _tag: "RoundStarted", roundId: roundId(1), request: [{ _tag: "Text", text: "Lost" }] }
          ])
        )
      )
      yield* Inbox.send(sessionId, { request: "Steer", delivery: "steer" })
      yield* Inbox.send(sessionId, { request: "Queue", delivery: "queue" })
      yield* send("Next")
      assert.deepStrictEqual(yield* told, ["Lost failed", "Steer completed", "Queue completed", "Next completed"])
      assert.isAbove(seen.length, 0)
    }).pipe(Effect.scoped, Effect.provide(world([says("1"), says("2"), says("3")])))
  )

  it.effect("of another process is delivered by the process that runs the round", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make(false)
      const shared = yield* Layer.build(SessionManager.layerMemory)
      const sessions = Layer.succeedContext(shared)
      const here = world([held(latch, "First."), says("2"), says("3")], undefined, undefined, sessions)
      const there = Layer.fresh(world([], undefined, undefined, sessions))
      yield* Effect.gen(function* () {
        yield* watched
        const round = yield* Effect.forkChild(send("Go"), { startImmediately: true })
        yield* until("TurnDelta")
        const other = yield* Layer.build(there)
        yield* Effect.andThen(post("Steer", "steer"), post("Queue", "queue")).pipe(Effect.provide(other))
        yield* latch.open
        yield* Fiber.join(round)
        // Without being asked, and before the other process looks again.
        yield* Effect.replicateEffect(Effect.yieldNow, 500, { discard: true })
        assert.deepStrictEqual(yield* told, ["Go Steer completed", "Queue completed"])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* told, ["Go Steer completed", "Queue completed"])
      }).pipe(Effect.provide(here))
    }).pipe(Effect.scoped)
  )
})
