import { ModelError, UnknownModel } from "@parley/domain/ModelError"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import type { Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import { ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { checkInvariants, log, sessionId, watched } from "./World.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import * as World from "./support/QuestionWorld.ts"

const { alone, allow, asks, callOf, done, journal, no, parks, person, process, questionOf, reached, yes } = World

const allowing = person(() => Effect.succeed(allow))
const resume = (coordinator: SessionCoordinator["Service"]) => Stream.runDrain(coordinator.resume(sessionId))
const rounds = Effect.map(log, (entries) => SessionFold.fromEvents(sessionId, entries).rounds)
/** Some process watches the session, so that the invariants can be checked. */
const inWorld =
  (...parts: Parameters<typeof World.shared>) =>
  <A, E, R>(test: Effect.Effect<A, E, R>) =>
    test.pipe(
      Effect.provideServiceEffect(
        SessionCoordinator,
        Effect.map(process(alone), ({ coordinator }) => coordinator)
      ),
      Effect.provide(World.shared(...parts))
    )

describe("a round whose host leaves its questions open", () => {
  it.effect("waits, after everything else has run, and is continued where the last question is answered", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const host = yield* process(parks)
      const round = yield* host.send("go")
      assert.strictEqual(round.status, "waiting")
      assert.deepStrictEqual(
        round.questions?.map(({ answer, questionId }) => [questionId, answer]),
        [
          [questionOf(1), undefined],
          [questionOf(3), undefined]
        ]
      )
      assert.deepStrictEqual(yield* reached, [callOf(2)])
      yield* host.dies

      const { coordinator } = yield* process(allowing)
      const before = yield* log
      assert.deepStrictEqual(
        (yield* coordinator.recover).map((one) => (one._tag === "Waiting" ? one.questions.length : one._tag)),
        [2]
      )
      assert.deepStrictEqual(yield* log, before)
      yield* coordinator.answer(sessionId, questionOf(1), yes)
      assert.deepStrictEqual(yield* reached, [callOf(2)], "one question is still open")
      yield* coordinator.answer(sessionId, questionOf(3), no)
      yield* World.until("RoundCompleted")
      assert.deepStrictEqual(yield* reached, [callOf(2), callOf(1)])
      assert.deepStrictEqual(
        (yield* rounds)[0]?.turns[0]?.toolCalls.map(({ outcome }) => outcome?._tag),
        ["Succeeded", "Succeeded", "Denied"]
      )
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful", "echo", "risky"), done]))
  )

  it.effect("is continued by the person of another host, and its stream ends with it", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const events = yield* (yield* process(parks)).coordinator
        .stream({ sessionId, request: "go" })
        .pipe(Stream.runCollect)
      assert.strictEqual(events.at(-1)?.event._tag, "QuestionAsked", "a stream ends when its round waits")
      const { coordinator } = yield* process(allowing)
      const rest = yield* Stream.runCollect(coordinator.resume(sessionId))
      assert.strictEqual(rest[0]?.seq, (events.at(-1)?.seq ?? 0) + 1)
      assert.strictEqual(rest.at(-1)?.event._tag, "RoundCompleted")
      assert.strictEqual((yield* Effect.flip(resume(coordinator)))._tag, "InvalidMessage")
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done]))
  )

  it.effect("refuses messages and changes as long as nobody answers", () =>
    Effect.gen(function* () {
      yield* watched
      const host = yield* process(parks)
      yield* host.send("go")
      const before = yield* log
      const pin = host.coordinator.pin(sessionId, { kind: "goal", text: "x", provenance: "user" })
      for (const refused of [Effect.asVoid(host.send("and now?")), pin]) {
        const error = yield* Effect.flip(refused)
        assert.strictEqual(error._tag === "RoundWaiting" && error.questions, 1)
      }
      assert.deepStrictEqual(yield* log, before)
    }).pipe(inWorld([asks("careful"), done]))
  )

  it.effect("is continued by the policy of a host without a person before a new message", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* (yield* process(parks)).send("go")
      const round = yield* (yield* process(alone)).send("and now?")
      assert.deepStrictEqual([round.id, round.status], ["r2", "completed"])
      assert.deepStrictEqual((yield* journal).slice(1), [
        "r1t1c1q1 denied by host",
        "r1t1c1 denied by user",
        "r1t1c1 Denied"
      ])
      assert.isEmpty(yield* reached)
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done, done]))
  )

  it.effect("fails before a new message if this process does not have its model, and the session stays usable", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* (yield* process(parks)).send("go")
      const models = yield* ModelsManager
      let isKnown = false
      const host = yield* Effect.provideService(process(alone), ModelsManager, {
        ...models,
        describe: (...asked) =>
          isKnown
            ? models.describe(...asked)
            : Effect.suspend(() => {
                isKnown = true
                return Effect.fail(new ModelError({ reason: new UnknownModel({ detail: "gone" }) }))
              })
      })
      const round = yield* host.send("and now?")
      assert.deepStrictEqual([round.id, round.status], ["r2", "completed"])
      const [first] = yield* rounds
      assert.deepStrictEqual([first?.status, first?.failure?.reason], ["failed", "UnknownModel"])
      assert.isEmpty(yield* reached)
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done, done]))
  )

  it.effect("can be cancelled while it continues, and the message after it can be withdrawn", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* (yield* process(parks)).send("go")
      const host = yield* process(World.waits)
      const next = yield* Effect.forkChild(host.send("and now?"), { startImmediately: true })
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      yield* host.coordinator.cancel(sessionId)
      assert.strictEqual((yield* Effect.flip(Fiber.join(next)))._tag, "MessageWithdrawn")
      assert.deepStrictEqual(
        (yield* rounds).map(({ status }) => status),
        ["cancelled"]
      )
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done]))
  )
})

describe("a question of a round that another process runs", () => {
  it.effect("is answered there by a post, and two processes that answer have one winner", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const host = yield* process(World.waits)
      const round = yield* host.begin("go")
      yield* World.until("QuestionAsked")
      const one = yield* process(alone)
      const two = yield* process(alone)
      const results = yield* Effect.all(
        [no, yes].map((answer, i) =>
          Effect.result((i === 0 ? one : two).coordinator.answer(sessionId, questionOf(1), answer))
        ),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        results.map((result) => (result._tag === "Failure" ? result.failure._tag : "applied")),
        ["applied", "QuestionClosed"]
      )
      assert.strictEqual((yield* Fiber.join(round)).status, "completed")
      assert.isEmpty(yield* reached)
      assert.strictEqual((yield* journal)[1], "r1t1c1q1 denied by caller")
      assert.isEmpty(yield* (yield* SessionManager).posts(sessionId))
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done]))
  )

  it.effect("is answered by a post that names it, and other questions stay open", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const host = yield* process(World.waits)
      const round = yield* host.begin("go")
      yield* World.until("QuestionAsked", 2)
      const { coordinator } = yield* process(alone)
      yield* coordinator.answer(sessionId, questionOf(2), yes)
      assert.deepStrictEqual(
        (yield* coordinator.questions(sessionId)).map(({ questionId }) => questionId),
        [questionOf(1)]
      )
      yield* coordinator.answer(sessionId, questionOf(1), no)
      yield* Fiber.join(round)
      assert.deepStrictEqual(yield* reached, [callOf(2)])
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful", "risky"), done]))
  )

  it.effect("is answered by its own host first: the post is withdrawn, and its sender learns it", () =>
    Effect.gen(function* () {
      yield* watched
      const said = yield* Deferred.make<Decision>()
      const host = yield* process(person(() => Deferred.await(said)))
      const round = yield* host.begin("go")
      yield* World.until("QuestionAsked")
      yield* Deferred.succeed(said, World.deny)
      const late = yield* Effect.result((yield* process(alone)).coordinator.answer(sessionId, questionOf(1), yes))
      assert.strictEqual(late._tag === "Failure" ? late.failure._tag : "applied", "QuestionClosed")
      yield* Fiber.join(round)
      assert.isEmpty(yield* reached)
      assert.isEmpty(yield* (yield* SessionManager).posts(sessionId))
    }).pipe(inWorld([asks("careful"), done]))
  )

  it.effect("keeps the posted answer when that process dies before it takes it", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const host = yield* process(World.waits)
      yield* host.begin("go")
      yield* World.until("QuestionAsked")
      yield* host.halts
      const caller = yield* process(alone)
      const answering = yield* Effect.forkChild(caller.coordinator.answer(sessionId, questionOf(1), yes))
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.lengthOf(yield* (yield* SessionManager).posts(sessionId), 1)
      yield* host.dies
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(answering)
      yield* World.until("RoundCompleted")
      assert.deepStrictEqual(yield* reached, [callOf(1)])
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done]))
  )

  it.effect("is answered by a post that waits, before the policy of a host without a person is asked", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* (yield* process(parks)).send("go")
      // As left by a process that died after it had posted.
      const sessions = yield* SessionManager
      const payload = { questionId: questionOf(1), answer: yes }
      yield* sessions.post(sessionId, { kind: "answer", key: `answer ${questionOf(1)}`, payload })
      yield* resume((yield* process(alone)).coordinator)
      assert.deepStrictEqual(yield* reached, [callOf(1)])
      assert.isEmpty(yield* sessions.posts(sessionId))
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done]))
  )
})

describe("a process that dies with an open question", () => {
  it.effect("leaves a round that waits if nothing else is under way, and no call runs twice", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const host = yield* process(World.waits)
      yield* host.begin("go")
      yield* World.until("QuestionAsked")
      yield* World.until("ToolSettled")
      yield* host.dies
      const { coordinator } = yield* process(allowing)
      assert.deepStrictEqual(
        (yield* coordinator.recover).map(({ _tag }) => _tag),
        ["Waiting"]
      )
      yield* resume(coordinator)
      assert.deepStrictEqual(yield* reached, [callOf(2), callOf(1)])
      assert.strictEqual((yield* rounds)[0]?.status, "completed")
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful", "echo"), done]))
  )

  it.effect("leaves a round that is closed if a call was under way", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const host = yield* process(World.waits)
      yield* host.begin("go")
      yield* World.until("QuestionAsked")
      yield* host.dies
      const { coordinator } = yield* process(allowing)
      assert.deepStrictEqual(
        (yield* coordinator.recover).map(({ _tag }) => _tag),
        ["Closed"]
      )
      const late = yield* Effect.flip(coordinator.answer(sessionId, questionOf(1), yes))
      assert.strictEqual(late._tag, "QuestionClosed")
      assert.deepStrictEqual(
        (yield* rounds)[0]?.turns[0]?.toolCalls.map(({ outcome }) => outcome?._tag),
        ["NotExecuted", "Unknown"]
      )
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful", "hangs"), done], { careful: ScriptedTools.echo, hangs: ScriptedTools.hangs }))
  )

  it.effect("after an answer was stored: the answer is used, and not asked for again", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* (yield* process(parks)).send("go")
      // The process that answers is not the one that runs the rest: it has no model for it.
      const sessions = yield* SessionManager
      const { head } = yield* sessions.get(sessionId)
      yield* Effect.scoped(
        Effect.flatMap(sessions.acquire(sessionId), ({ epoch }) =>
          sessions.append(sessionId, { after: head, epoch }, [
            { _tag: "QuestionAnswered", questionId: questionOf(1), roundId: roundId(1), by: "caller", answer: yes }
          ])
        )
      )
      const { coordinator } = yield* process(person(() => Effect.die(new Error("asked again"))))
      const [waiting] = yield* coordinator.recover
      assert.deepStrictEqual(waiting?._tag === "Waiting" ? waiting.questions : undefined, [])
      yield* resume(coordinator)
      assert.deepStrictEqual(yield* reached, [callOf(1)])
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done]))
  )

  it.effect("is not waited for by calls that need no answer: they run where the round continues", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* (yield* process(parks)).send("go")
      // A rule of the process that continues allows what was asked about.
      const open: ToolPolicy = { rule: () => "allow", ask: () => Effect.never }
      yield* resume((yield* process(open)).coordinator)
      assert.deepStrictEqual((yield* journal).slice(1), [
        "r1t1c1q1 allowed by host",
        "r1t1c1 started",
        "r1t1c1 Succeeded"
      ])
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), done]))
  )

  it.effect("lets a later turn of the same round park again", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const { coordinator, send } = yield* process(parks)
      yield* send("go")
      yield* coordinator.answer(sessionId, questionOf(1), yes)
      yield* World.until("QuestionAsked", 2)
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.strictEqual((yield* rounds)[0]?.status, "waiting")
      yield* resume((yield* process(allowing)).coordinator)
      assert.deepStrictEqual(yield* reached, [callOf(1), callId(turnId(roundId(1), 2), 1)])
      assert.lengthOf(yield* ScriptedModel.Requests.all, 3)
      yield* checkInvariants(seen)
    }).pipe(inWorld([asks("careful"), asks("risky"), done]))
  )
})
