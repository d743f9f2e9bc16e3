import { roundId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, SlowSessions } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, sessionId, watched, world } from "./World.ts"

const { finish, text } = Chunks
const { turn } = ScriptedModel
const answer = turn(text(0, "done"), [finish()])

/** A second coordinator over the same store and the same models, as another process has it. */
const second = Effect.map(Layer.build(Layer.fresh(SessionCoordinator.layer)), (context) =>
  Context.get(context, SessionCoordinator)
)
const delta = Effect.flatMap(SessionManager, (sessions) =>
  sessions.follow(sessionId, 0).pipe(
    Stream.takeUntil(({ event }) => event._tag === "TurnDelta"),
    Stream.runDrain
  )
)

it.effect("messages of one process wait for each other, even while the lease is released", () =>
  Effect.gen(function* () {
    const seen = yield* watched
    const rounds = yield* Effect.all([send("one"), send("two"), send("three")], { concurrency: "unbounded" })
    assert.deepStrictEqual(
      rounds.map(({ id, status }) => `${id} ${status}`),
      ["r1 completed", "r2 completed", "r3 completed"]
    )
    yield* checkInvariants(seen)
  }).pipe(Effect.provide(world([answer, answer, answer], undefined, undefined, SlowSessions.layer(20))))
)

describe("two coordinators on one session", () => {
  it.effect("the second is rejected immediately, without storing or sending anything, until the first is done", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const other = yield* second
      const first = yield* Effect.forkChild(send("first"))
      yield* delta
      const before = yield* log
      const requests = yield* ScriptedModel.Requests.all
      const message = { sessionId, request: "second" }
      for (const ask of [Effect.asVoid(other.handleMessage(message)), Effect.asVoid(other.submit(message))])
        assert.strictEqual((yield* Effect.flip(ask))._tag, "SessionBusy")
      assert.deepStrictEqual(yield* log, before)
      assert.deepStrictEqual(yield* ScriptedModel.Requests.all, requests)
      yield* Fiber.interrupt(first)
      assert.strictEqual((yield* other.handleMessage({ sessionId, request: "second" })).id, "r2")
      // And back: what the other one wrote is taken in first.
      assert.strictEqual((yield* send("third")).id, "r3")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x")), answer, answer])))
  )

  it.effect("the second's recovery reports the round of the first as in use and does not change it", () =>
    Effect.gen(function* () {
      yield* watched
      const other = yield* second
      const first = yield* Effect.forkChild(send("first"))
      yield* delta
      const before = yield* log
      const [found, ...more] = yield* other.recover
      assert.strictEqual(found?._tag, "InUse")
      assert.deepStrictEqual([more, yield* log], [[], before])
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(yield* other.recover, [])
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x"))])))
  )

  it.effect("a round that its holder left open is closed by the next holder, based on what is stored", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const fiber = yield* Effect.forkChild(send("first"))
      yield* delta
      yield* Fiber.interrupt(fiber)
      const sessions = yield* SessionManager
      const { head } = yield* sessions.get(sessionId)
      // Somebody starts a round and is gone.
      const request = [{ _tag: "Text" as const, text: "lost" }]
      const lost = Effect.flatMap(sessions.acquire(sessionId), ({ epoch }) =>
        sessions.append(sessionId, { after: head, epoch }, [{ _tag: "RoundStarted", roundId: roundId(2), request }])
      )
      yield* Effect.scoped(lost)
      assert.strictEqual((yield* send("go on")).id, "r3")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world([ScriptedModel.hanging(text(0, "x")), answer])))
  )
})
