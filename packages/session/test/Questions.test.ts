import { textOf } from "@parley/domain/Content"
import { QuestionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { type ApprovalRequest, type ToolPolicy } from "@parley/domain/ToolPolicy"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { checkInvariants, log, sessionId, watched } from "./World.ts"
import * as World from "./support/QuestionWorld.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"

const { alone, allow, asks, callOf, created, done, journal, no, person, process, questionOf, reached, yes } = World

describe("questions: a tool call that needs an approval", () => {
  it.effect("is stored with its exact subject before a person is asked", () =>
    Effect.gen(function* () {
      yield* created
      const sessions = yield* SessionManager
      const before: Array<string> = []
      const ask = () =>
        Effect.map(Effect.orDie(sessions.read(sessionId, 0)), (entries) => {
          before.push(...World.journalOf(entries))
          return allow
        })
      const host = yield* process(person(ask))
      const round = yield* host.send("go")
      assert.deepStrictEqual(before, ["r1t1c1q1 Approval"])
      assert.deepStrictEqual(yield* journal, [
        "r1t1c1q1 Approval",
        "r1t1c1q1 allowed by host",
        "r1t1c1 allowed by user",
        "r1t1c1 started",
        "r1t1c1 Succeeded"
      ])
      const subject = round.questions?.[0]?.subject
      if (subject?._tag !== "Approval") return assert.fail("there is no approval")
      assert.deepStrictEqual(
        [subject.tool, subject.input, /^[0-9a-f]{64}$/.test(subject.hash)],
        [{ name: "careful", server: "scripted", tool: "careful" }, { n: 0 }, true]
      )
    }).pipe(Effect.provide(World.shared([asks("careful"), done])))
  )

  it.effect("is decided, started and answered in one append", () =>
    Effect.gen(function* () {
      yield* created
      yield* (yield* process(person(() => Effect.succeed(allow)))).send("go")
      const entries = yield* log
      const at = entries.findIndex(({ event }) => event._tag === "QuestionAnswered")
      assert.deepStrictEqual(
        entries.slice(at, at + 3).map(({ event }) => event._tag),
        ["QuestionAnswered", "ToolDecided", "ToolStarted"]
      )
    }).pipe(Effect.provide(World.shared([asks("careful"), done])))
  )

  it.effect("is not stored if a rule or an earlier answer decides, or nobody can be asked", () =>
    Effect.gen(function* () {
      yield* created
      const remembering = person(() => Effect.never, { withoutAsking: () => Effect.succeed(allow) })
      yield* (yield* process(alone)).send("go")
      yield* (yield* process(remembering)).send("again")
      assert.deepStrictEqual(yield* journal, [
        "r1t1c2 started",
        "r1t1c1 denied by user",
        "r1t1c1 Denied",
        "r1t1c2 Succeeded",
        "r2t1c1 allowed by user",
        "r2t1c1 started",
        "r2t1c1 Succeeded"
      ])
    }).pipe(Effect.provide(World.shared([asks("careful", "echo"), done, asks("careful"), done])))
  )

  it.effect("is answered by a caller: the dialog is interrupted, and the first answer wins", () =>
    Effect.gen(function* () {
      yield* created
      const sessions = yield* SessionManager
      const ended = yield* Deferred.make<ReadonlyArray<string>>()
      const dialog = Effect.onInterrupt(Effect.never, () =>
        Effect.flatMap(Effect.orDie(sessions.read(sessionId, 0)), (now) =>
          Deferred.succeed(ended, World.journalOf(now))
        )
      )
      const host = yield* process(person(() => dialog))
      const { answer, questions } = host.coordinator
      const round = yield* Effect.forkChild(host.send("go"))
      yield* World.until("QuestionAsked")
      assert.deepStrictEqual(
        (yield* questions(sessionId)).map(({ questionId }) => questionId),
        [questionOf(1)]
      )
      yield* answer(sessionId, questionOf(1), yes)
      assert.deepStrictEqual(yield* Deferred.await(ended), ["r1t1c1q1 Approval"], "before the call starts")
      assert.deepStrictEqual((yield* journal).slice(0, 3), [
        "r1t1c1q1 Approval",
        "r1t1c1q1 allowed by caller",
        "r1t1c1 allowed by user"
      ])
      const late = yield* Effect.flip(answer(sessionId, questionOf(1), no))
      assert.strictEqual(late._tag, "QuestionClosed")
      assert.strictEqual((yield* Fiber.join(round)).status, "completed")
      assert.deepStrictEqual(yield* reached, [callOf(1)])
      assert.isEmpty(yield* questions(sessionId))
    }).pipe(Effect.provide(World.shared([asks("careful"), done])))
  )

  it.effect("has one answer if two callers answer at the same time", () =>
    Effect.gen(function* () {
      yield* created
      const host = yield* process(World.waits)
      const round = yield* Effect.forkChild(host.send("go"))
      yield* World.until("QuestionAsked")
      const { answer } = host.coordinator
      const [one, two] = yield* Effect.all(
        [Effect.result(answer(sessionId, questionOf(1), no)), Effect.result(answer(sessionId, questionOf(1), yes))],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([one._tag, two._tag], ["Success", "Failure"])
      yield* Fiber.join(round)
      assert.isEmpty(yield* reached)
      const result = (yield* ScriptedModel.Requests.all)[1]?.messages.at(-1)?.content[0]
      assert.strictEqual(result?._tag === "ToolResult" ? textOf(result.content) : "", "Not run: not today")
    }).pipe(Effect.provide(World.shared([asks("careful"), done])))
  )

  it.effect("refuses what is not an answer to it, and an unknown question", () =>
    Effect.gen(function* () {
      yield* created
      const host = yield* process(World.waits)
      const round = yield* Effect.forkChild(host.send("go"))
      yield* World.until("QuestionAsked")
      const { answer } = host.coordinator
      const wrong = yield* Effect.flip(answer(sessionId, questionOf(1), { _tag: "Accept", content: {} }))
      const unknown = yield* Effect.flip(answer(sessionId, QuestionId.make("r9t1c1q1"), yes))
      assert.deepStrictEqual([wrong._tag, unknown._tag], ["AnswerInvalid", "QuestionNotFound"])
      yield* Fiber.interrupt(round)
      const ended = yield* Effect.flip(answer(sessionId, questionOf(1), yes))
      assert.deepStrictEqual([ended._tag, (yield* journal).at(-1)], ["QuestionClosed", "r1t1c1 NotExecuted"])
    }).pipe(Effect.provide(World.shared([asks("careful"), done])))
  )

  it.effect("is not run with an approval of another definition, and the model learns it", () =>
    Effect.gen(function* () {
      yield* created
      const tools = yield* McpManager
      let description = "as it was"
      const changing = McpManager.make({
        ...tools,
        tools: Effect.map(tools.tools, (all) => all.map((tool) => ({ ...tool, description })))
      })
      const ask = () =>
        Effect.sync(() => {
          description = "as it is now"
          return allow
        })
      const host = yield* Effect.provideService(process(person(ask)), McpManager, changing)
      assert.strictEqual((yield* host.send("go")).status, "completed")
      assert.isEmpty(yield* reached)
      assert.deepStrictEqual((yield* journal).slice(1), [
        "r1t1c1q1 allowed by host",
        "r1t1c1 denied by rule",
        "r1t1c1 Denied"
      ])
      const result = (yield* ScriptedModel.Requests.all)[1]?.messages.at(-1)?.content[0]
      assert.include(result?._tag === "ToolResult" ? textOf(result.content) : "", "the tool has changed")
    }).pipe(Effect.provide(World.shared([asks("careful"), done])))
  )

  it.effect("tells the policy how far an answer reaches, wherever it comes from", () =>
    Effect.gen(function* () {
      yield* created
      const told: Array<string> = []
      const remember = ({ callId }: ApprovalRequest, scope: string) =>
        Effect.sync(() => void told.push(`${callId} ${scope}`))
      const host = yield* process(person(() => Effect.never, { remember }))
      const round = yield* Effect.forkChild(host.send("go"))
      yield* World.until("QuestionAsked")
      yield* host.coordinator.answer(sessionId, questionOf(1), { allowed: true, scope: "session" })
      yield* Fiber.join(round)
      assert.deepStrictEqual(told.slice(0, 1), ["r1t1c1 session"])
    }).pipe(Effect.provide(World.shared([asks("careful"), done])))
  )

  it.effect("are allowed for the session in a later process too, if that was the answer", () =>
    Effect.gen(function* () {
      yield* created
      const known: Array<string> = []
      const withoutAsking: ToolPolicy["withoutAsking"] = ({ isAllowedInSession, tool }) =>
        Effect.sync(() => {
          known.push(`${tool.name} ${isAllowedInSession}`)
          return isAllowedInSession === true ? allow : undefined
        })
      const ask: ToolPolicy["ask"] = ({ tool }) =>
        Effect.succeed({ allowed: true, scope: tool.name === "risky" ? "once" : "session" })
      const first = yield* process(person(ask, { withoutAsking }))
      yield* first.send("go")
      yield* first.dies
      const second = yield* process(person(() => Effect.succeed(allow), { withoutAsking }))
      yield* second.send("go")
      assert.deepStrictEqual(known, ["careful false", "risky false", "careful true", "risky false"])
    }).pipe(Effect.provide(World.shared([asks("careful", "risky"), done, asks("careful", "risky"), done])))
  )

  it.effect("keeps every invariant when calls are allowed, denied and answered elsewhere", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const ask: ToolPolicy["ask"] = ({ callId }) => (callId === callOf(1) ? Effect.succeed(allow) : Effect.never)
      const host = yield* process(person(ask))
      const round = yield* Effect.forkChild(host.send("go"))
      yield* World.until("QuestionAsked", 3)
      yield* host.coordinator.answer(sessionId, questionOf(2), no)
      yield* host.coordinator.answer(sessionId, questionOf(3), yes)
      assert.strictEqual((yield* Fiber.join(round)).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provideServiceEffect(
        SessionCoordinator,
        Effect.map(process(alone), ({ coordinator }) => coordinator)
      ),
      Effect.provide(World.shared([asks("careful", "risky", "careful"), done]))
    )
  )
})
