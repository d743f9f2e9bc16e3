import { textOf } from "@parley/domain/Content"
import type { CallReference } from "@parley/domain/Ids"
import type { QuestionAnswer, QuestionSubject } from "@parley/domain/Question"
import type { Round } from "@parley/domain/Session"
import { SessionManager } from "@parley/domain/SessionManager"
import { type ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { Desk, QuestionDesk } from "../src/tools/QuestionDesk.ts"
import { checkInvariants, log, sessionId, watched } from "./World.ts"
import * as World from "./support/QuestionWorld.ts"

const { alone, asks, callOf, created, done, journal, process, questionOf, yes } = World

const form: QuestionSubject = {
  _tag: "Form",
  server: "s",
  message: "Which branch?",
  fields: [{ _tag: "Text", key: "branch", title: "Branch", required: true }]
}
const accept: QuestionAnswer = { _tag: "Accept", content: { branch: "main" } }
const calls: ReadonlyArray<CallReference> = [{ sessionId, roundId: World.round, callId: callOf(1) }]

/** What the tool returned. */
const resultOf = ({ turns }: Round): string => {
  const outcome = turns[0]?.toolCalls[0]?.outcome
  return outcome?._tag === "Succeeded" ? textOf(outcome.content) : ""
}
const answers = Effect.map(log, (entries) =>
  entries.flatMap(({ event }) => (event._tag === "QuestionAnswered" ? [event] : []))
)

/** A tool that asks a form while it runs, and returns the answer that it got. */
const asking =
  (desk: Desk, dialog: Effect.Effect<QuestionAnswer>, of = calls): ScriptedTools.Behaviour =>
  () =>
    Effect.flatMap(desk.ask(of, form, dialog), (answer) => ScriptedTools.says(JSON.stringify(answer))({}))

const world = <A, E, R>(
  test: (desk: Desk, host: Effect.Success<ReturnType<typeof process>>) => Effect.Effect<A, E, R>,
  dialog: Effect.Effect<QuestionAnswer>,
  turns: ReadonlyArray<ScriptedModel.Turn> = [asks("form"), done],
  of = calls
) => {
  const desk = new Desk()
  return Effect.flatMap(process(alone, Layer.succeed(QuestionDesk, desk)), (host) => test(desk, host)).pipe(
    Effect.provideServiceEffect(
      SessionCoordinator,
      Effect.map(process(alone), ({ coordinator }) => coordinator)
    ),
    Effect.provide(World.shared(turns, { form: asking(desk, dialog, of), hangs: ScriptedTools.hangs }))
  )
}

describe("a question of an MCP server, while its tool runs", () => {
  it.effect("is an event with its exact subject, and what was filled in is not stored", () =>
    world(
      (_desk, host) =>
        Effect.gen(function* () {
          const seen = yield* watched
          const round = yield* host.send("go")
          assert.deepStrictEqual(yield* journal, [
            "r1t1c1 started",
            "r1t1c1q1 Form",
            "r1t1c1q1 Accept by host",
            "r1t1c1 Succeeded"
          ])
          assert.deepStrictEqual(round.questions?.[0]?.subject, form)
          assert.include(resultOf(round), "main", "the server received it")
          assert.deepStrictEqual(round.questions?.[0]?.answer, { _tag: "Accept", content: {} })
          yield* checkInvariants(seen)
        }),
      Effect.succeed(accept)
    )
  )

  it.effect("is answered by another process, which checks the form first", () =>
    world(
      (_desk, host) =>
        Effect.gen(function* () {
          yield* created
          const round = yield* Effect.forkChild(host.send("go"))
          yield* World.until("QuestionAsked")
          const { answer } = (yield* process(alone)).coordinator
          const empty: QuestionAnswer = { _tag: "Accept", content: {} }
          for (const wrong of [empty, yes])
            assert.strictEqual((yield* Effect.flip(answer(sessionId, questionOf(1), wrong)))._tag, "AnswerInvalid")
          assert.strictEqual(yield* answer(sessionId, questionOf(1), accept), "passed")
          assert.include(resultOf(yield* Fiber.join(round)), "main")
          assert.deepStrictEqual((yield* journal)[2], "r1t1c1q1 Accept by caller")
          assert.deepStrictEqual((yield* answers)[0]?.answer, { _tag: "Accept", content: {} })
          assert.isEmpty(yield* (yield* SessionManager).posts(sessionId))
        }),
      Effect.never
    )
  )

  it.effect("is closed with its call when the round is cancelled, and never after it", () =>
    world(
      (_desk, host) =>
        Effect.gen(function* () {
          const seen = yield* watched
          const round = yield* Effect.forkChild(host.send("go"))
          yield* World.until("QuestionAsked")
          yield* Fiber.interrupt(round)
          assert.deepStrictEqual((yield* journal).slice(-2), ["r1t1c1q1 Cancel by engine", "r1t1c1 Unknown"])
          yield* checkInvariants(seen)
        }),
      Effect.never
    )
  )

  it.effect("does not make its round wait without a process: the call had started", () =>
    world(
      (_desk, host) =>
        Effect.gen(function* () {
          yield* created
          yield* host.begin("go")
          yield* World.until("QuestionAsked")
          yield* host.dies
          const { coordinator } = yield* process(alone)
          assert.deepStrictEqual(
            (yield* coordinator.recover).map(({ _tag }) => _tag),
            ["Closed"]
          )
          const late = yield* Effect.flip(coordinator.answer(sessionId, questionOf(1), accept))
          assert.strictEqual(late._tag, "QuestionClosed")
          assert.isEmpty(yield* coordinator.questions(sessionId))
        }),
      Effect.never
    )
  )

  it.effect("of a call that no session of this process runs is only asked", () =>
    world(
      (desk, host) =>
        Effect.gen(function* () {
          yield* created
          assert.deepStrictEqual(yield* desk.ask(calls, form, Effect.succeed(accept)), accept)
          yield* host.send("go")
          assert.deepStrictEqual(yield* journal, ["r1t1c1 started", "r1t1c1 Succeeded"])
        }),
      Effect.succeed(accept),
      [asks("form"), done],
      []
    )
  )

  it.effect("is closed before its call is settled, also if the handler of the server's request is still waiting", () =>
    world(
      (desk, host) =>
        Effect.gen(function* () {
          const seen = yield* watched
          const round = yield* Effect.forkChild(host.send("go"))
          yield* World.until("ToolStarted")
          const question = yield* Effect.forkChild(desk.ask(calls, form, Effect.never))
          yield* World.until("QuestionAsked")
          yield* Fiber.interrupt(round)
          yield* Fiber.interrupt(question)
          assert.deepStrictEqual((yield* journal).slice(-2), ["r1t1c1q1 Cancel by engine", "r1t1c1 Unknown"])
          yield* checkInvariants(seen)
        }),
      Effect.never,
      [asks("hangs"), done]
    )
  )

  it.effect("is cancelled if the server gives it up while the call goes on", () => {
    const gone = Deferred.makeUnsafe<void>()
    return world(
      (desk, host) =>
        Effect.gen(function* () {
          yield* created
          const round = yield* Effect.forkChild(host.send("go"))
          yield* World.until("ToolStarted")
          const question = yield* Effect.forkChild(desk.ask(calls, form, Effect.never))
          yield* World.until("QuestionAsked")
          yield* Fiber.interrupt(question)
          assert.deepStrictEqual((yield* journal).slice(-1), ["r1t1c1q1 Cancel by engine"])
          yield* Deferred.succeed(gone, undefined)
          yield* Fiber.interrupt(round)
        }),
      Deferred.await(gone).pipe(Effect.as(accept)),
      [asks("hangs"), done]
    )
  })
})
