import { textOf } from "@parley/domain/Content"
import { InvalidMessage } from "@parley/domain/Errors"
import { RequestId, roundId, TurnId } from "@parley/domain/Ids"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { Limits, defaults } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, session, sessionId, until, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel

const answers = (...words: ReadonlyArray<string>) => words.map((word) => turn([...text(0, word), finish()]))
const saying = ({ messages }: ModelRequest): string => messages.map(({ content }) => textOf(content)).join(" | ")
const requests = Effect.map(ScriptedModel.Requests.all, (all) => all.map(saying))
const refused = <A, E extends { readonly message: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, InvalidMessage)
    return error.message
  })
const undo = (rounds?: number) => Effect.flatMap(SessionCoordinator, (parley) => parley.undo(sessionId, { rounds }))
const redo = Effect.flatMap(SessionCoordinator, (parley) => parley.redo(sessionId))
const edit = (round: number, request: string, requestId?: string) =>
  Effect.flatMap(SessionCoordinator, (parley) =>
    parley.handleMessage({
      sessionId,
      request,
      edit: roundId(round),
      ...(requestId === undefined ? {} : { requestId: RequestId.make(requestId) })
    })
  )
const tags = Effect.map(log, (entries) => entries.map(({ event }) => event._tag))

describe("undone rounds", () => {
  it.effect("are in no later request, also after a restart, and stay in the log", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("first")
      yield* send("second")
      yield* send("third")
      assert.deepStrictEqual(yield* undo(2), { rounds: [roundId(2), roundId(3)] })
      yield* send("fourth")
      assert.strictEqual((yield* requests).at(-1), "first | one | fourth")
      const restarted = Context.get(yield* Layer.build(Layer.fresh(SessionCoordinator.layer)), SessionCoordinator)
      const { messages } = (yield* restarted.buildContext(sessionId, "next")).request
      assert.deepStrictEqual(
        messages.map(({ content }) => textOf(content)),
        ["first", "one", "fourth", "four", "next"]
      )
      const { rounds } = yield* session
      assert.deepStrictEqual(
        rounds.map(({ id, undone = false }) => `${id} ${undone}`),
        ["r1 false", "r2 true", "r3 true", "r4 false"]
      )
      yield* checkInvariants(seen)
    }).pipe(Effect.scoped, Effect.provide(world(answers("one", "two", "three", "four"))))
  )

  it.effect("are brought back by redo, one undo at a time, until a round starts", () =>
    Effect.gen(function* () {
      yield* watched
      assert.include(yield* refused(redo), "nothing to redo")
      yield* send("first")
      yield* send("second")
      yield* undo()
      yield* undo()
      assert.deepStrictEqual(yield* redo, { rounds: [roundId(1)] })
      assert.deepStrictEqual(yield* redo, { rounds: [roundId(2)] })
      assert.include(yield* refused(redo), "nothing to redo")
      yield* send("third")
      assert.strictEqual((yield* requests).at(-1), "first | one | second | two | third")
      yield* undo()
      yield* send("fourth")
      assert.include(yield* refused(redo), "nothing to redo")
    }).pipe(Effect.provide(world(answers("one", "two", "three", "four"))))
  )

  it.effect("must exist: nothing is stored otherwise", () =>
    Effect.gen(function* () {
      yield* watched
      assert.include(yield* refused(undo()), "no round to undo")
      yield* send("first")
      const before = yield* log
      assert.include(yield* refused(undo(2)), "Only 1 round of this session can be undone, not 2")
      for (const count of [0, -1, 1.5, Number.NaN]) assert.include(yield* refused(undo(count)), "whole number above 0")
      assert.deepStrictEqual(yield* log, before)
      yield* undo()
      assert.include(yield* refused(undo()), "no round to undo")
    }).pipe(Effect.provide(world(answers("one"))))
  )

  it.effect("stay counted in usage and budgets, and their requests are not repeated", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const requestId = RequestId.make("mine")
      const parley = yield* SessionCoordinator
      yield* parley.handleMessage({ sessionId, request: "first", requestId })
      yield* undo()
      const again = yield* parley.handleMessage({ sessionId, request: "first", requestId })
      assert.strictEqual(again.id, "r1")
      assert.lengthOf(yield* requests, 1)
      const info = yield* SessionManager.use((sessions) => sessions.get(sessionId))
      assert.deepStrictEqual(info.usage, Chunks.usage)
      assert.deepStrictEqual((yield* session).usage, Chunks.usage)
      const refusedRound = yield* send("second").pipe(
        Effect.provideService(Limits, { ...defaults, sessionTokens: 15 }),
        Effect.flip
      )
      assert.strictEqual(refusedRound._tag, "CapReached")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world(answers("one", "two"))))
  )

  it.effect("leave the requests of all turns reproducible, undone ones included", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      yield* send("second")
      yield* undo()
      yield* send("third")
      const parley = yield* SessionCoordinator
      const sent = yield* ScriptedModel.Requests.all
      for (const [i, turnId] of ["r1t1", "r2t1", "r3t1"].entries()) {
        const context = yield* parley.sentContext(sessionId, TurnId.make(turnId))
        assert.deepStrictEqual(context.request, sent[i])
      }
    }).pipe(Effect.provide(world(answers("one", "two", "three"))))
  )

  it.effect("wait for the running round, whose calls are settled", () =>
    Effect.gen(function* () {
      yield* watched
      const running = yield* Effect.forkChild(send("first"), { startImmediately: true })
      yield* until("ToolStarted")
      const undoing = yield* Effect.forkChild(undo(), { startImmediately: true })
      yield* Effect.flatMap(SessionCoordinator, (parley) => parley.cancel(sessionId, roundId(1)))
      yield* Fiber.await(running)
      assert.deepStrictEqual(yield* Fiber.join(undoing), { rounds: [roundId(1)] })
      assert.deepStrictEqual((yield* tags).slice(-3), ["ToolSettled", "RoundCancelled", "RoundsUndone"])
    }).pipe(
      Effect.provide(world([turn([...call(0, "hangs", "{}"), finish("tool-calls")])], { hangs: ScriptedTools.hangs }))
    )
  )

  it.effect("do not take pinned texts with them, which are shown again", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      const parley = yield* SessionCoordinator
      yield* parley.pin(sessionId, { kind: "constraint", text: "never" })
      yield* send("second")
      yield* undo(2)
      yield* send("third")
      const last = (yield* requests).at(-1) ?? ""
      assert.include(last, "never")
      assert.notInclude(last, "first")
      assert.notInclude(last, "second")
    }).pipe(Effect.provide(world(answers("one", "two", "three"))))
  )

  it.effect("are undone by another process: this one reads it before its next round", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      yield* send("second")
      const other = Context.get(yield* Layer.build(Layer.fresh(SessionCoordinator.layer)), SessionCoordinator)
      yield* other.undo(sessionId)
      yield* other.redo(sessionId)
      yield* other.undo(sessionId, { rounds: 2 })
      yield* send("third")
      assert.strictEqual((yield* requests).at(-1), "third")
    }).pipe(Effect.scoped, Effect.provide(world(answers("one", "two", "three"))))
  )
})

describe("an edited message", () => {
  it.effect("takes the place of the round and of all later ones, in one step", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* send("first")
      yield* send("second")
      yield* send("third")
      const head = (yield* log).length
      const round = yield* edit(2, "better")
      assert.strictEqual(round.id, "r4")
      assert.strictEqual((yield* requests).at(-1), "first | one | better")
      const added = (yield* log).slice(head)
      assert.deepInclude(added[0]?.event, { _tag: "RoundsUndone", rounds: [roundId(2), roundId(3)] })
      assert.deepInclude(added[1]?.event, { _tag: "RoundStarted", roundId: roundId(4) })
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(world(answers("one", "two", "three", "four"))))
  )

  it.effect("is sent once, even if the caller repeats it", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      const one = yield* edit(1, "better", "again")
      const two = yield* edit(1, "better", "again")
      assert.deepStrictEqual([one.id, two.id], [roundId(2), roundId(2)])
      assert.lengthOf(
        (yield* tags).filter((tag) => tag === "RoundsUndone"),
        1
      )
    }).pipe(Effect.provide(world(answers("one", "two"))))
  )

  it.effect("needs a round that is in effect; otherwise nothing is undone or sent", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("first")
      yield* undo()
      const before = yield* log
      assert.include(yield* refused(edit(1, "better")), "no round r1 whose message can be edited")
      assert.include(yield* refused(edit(7, "better")), "no round r7")
      assert.include(yield* refused(edit(1, "")), "empty")
      assert.deepStrictEqual(yield* log, before)
    }).pipe(Effect.provide(world(answers("one", "two"))))
  )
})
