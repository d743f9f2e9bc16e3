import { textOf } from "@parley/domain/Content"
import { roundId, turnId } from "@parley/domain/Ids"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { Answer, answers, ask, outputWorld, right, says, wrong } from "./support/OutputWorld.ts"
import { checkInvariants, log, send, session, sessionId, watched } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const ann = { name: "Ann", age: 41 }
const requests = ScriptedModel.Requests.all
const lastText = Effect.map(requests, (all) => textOf(all.at(-1)?.messages.at(-1)?.content ?? []))

describe("a provider that holds the response to the schema", () => {
  it.effect("is sent the schema, and the round has the value, also decoded", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* ask(Answer)
      assert.deepStrictEqual([round.output, round.value?.age, round.status], [ann, 41, "completed"])
      const [request] = yield* requests
      assert.deepStrictEqual(
        request?.tools.map(({ name }) => name),
        ["echo"]
      )
      assert.deepStrictEqual(request?.output?.["required"], ["name", "age"])
      const [started] = yield* log
      assert.deepStrictEqual(
        started?.event._tag === "RoundStarted" ? started.event.outputSchema : undefined,
        request?.output
      )
      const sent = yield* (yield* SessionCoordinator).sentContext(sessionId, turnId(roundId(1), 1))
      assert.deepStrictEqual(sent.request, request)
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(outputWorld([says(right)], "native")))
  )

  it.effect("is told once what is wrong, after tools and in a request that follows from the one before", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* ask(Answer)
      assert.deepStrictEqual(round.output, ann)
      assert.lengthOf(round.turns, 3)
      const told = yield* lastText
      assert.include(told, "/age: expected")
      assert.notInclude(told, "old", "no value of the answer is repeated")
      const rejected = (yield* log).flatMap(({ event }) => (event._tag === "OutputRejected" ? [event] : []))
      assert.deepStrictEqual(
        rejected.map(({ message, problems, turnId }) => [turnId, message === told, problems[0]?.path]),
        [["r1t2", true, "/age"]]
      )
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(outputWorld([turn(call(0, "echo"), [finish("tool-calls")]), says(wrong), says(right)], "native"))
    )
  )

  it.effect("that is wrong again ends the round with the problems and the text, and the session goes on", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const error = yield* Effect.flip(ask(Answer))
      if (error._tag !== "OutputInvalid") return assert.fail(error._tag)
      assert.deepStrictEqual([error.text, error.problems.length], ["Nobody knows", 1])
      assert.include(error.message, "the answer is not valid JSON")
      const [round] = (yield* session).rounds
      assert.deepStrictEqual(
        [round?.status, round?.failure?.error, round?.output],
        ["failed", "OutputInvalid", undefined]
      )
      assert.lengthOf(
        (yield* log).filter(({ event }) => event._tag === "OutputRejected"),
        1
      )
      assert.strictEqual((yield* send("Never mind")).status, "completed")
      assert.isUndefined((yield* requests).at(-1)?.output)
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(outputWorld([says(wrong), says("Nobody knows"), says("Fine.")], "native")))
  )

  it.effect("an answer that was cut off at the output limit is asked for again, shorter", () =>
    Effect.gen(function* () {
      yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).output, ann)
      assert.include(yield* lastText, "cut off at the output limit")
    }).pipe(Effect.provide(outputWorld([turn(text(0, '{"name":'), [finish("length")]), says(right)], "native")))
  )

  it.effect("a paused response is judged together with its continuation", () =>
    Effect.gen(function* () {
      yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).output, ann)
    }).pipe(
      Effect.provide(outputWorld([turn(text(0, right.slice(0, 9)), [finish("pause")]), says(right.slice(9))], "native"))
    )
  )

  it.effect("no turn is left for the correction: the round ends at its limit", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(ask(Answer)).pipe(Effect.provideService(Limits, { ...defaults, turns: 1 }))
      assert.deepInclude(error, { _tag: "CapReached", cap: "turns" })
    }).pipe(Effect.provide(outputWorld([says(wrong)], "native")))
  )
})

describe("a model without it", () => {
  it.effect("answers by a tool after other tools; the call is not one that ran, and later rounds are as before", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* ask(Answer)
      assert.deepStrictEqual([round.value, round.stop], [ann, "end"])
      assert.deepStrictEqual(
        round.turns.map(({ toolCalls }) => toolCalls.map(({ name }) => name)),
        [["echo"], []]
      )
      yield* send("Thanks")
      const [first, , next] = yield* requests
      assert.deepStrictEqual(
        [first, next].map((request) => request?.tools.map(({ name }) => name)),
        [["echo", "final_answer"], ["echo"]]
      )
      assert.isUndefined(first?.output)
      const result = next?.messages.flatMap(({ content }) => content).findLast(({ _tag }) => _tag === "ToolResult")
      assert.deepInclude(result, { isError: false, content: [{ _tag: "Text", text: "The answer was accepted." }] })
      const sent = yield* (yield* SessionCoordinator).sentContext(sessionId, turnId(roundId(1), 1))
      assert.deepStrictEqual(sent.request, first)
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        outputWorld([turn(call(0, "echo"), [finish("tool-calls")]), answers(right), says("You are welcome.")], "tool")
      )
    )
  )

  it.effect("learns from the result of its call what is wrong", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).output, ann)
      const [result] = (yield* requests)[1]?.messages.at(-1)?.content ?? []
      assert.include(result?._tag === "ToolResult" && result.isError ? textOf(result.content) : "", "/age: expected")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(outputWorld([answers(wrong), answers(right)], "tool")))
  )

  it.effect("that is wrong again fails, and every call has its result", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const error = yield* Effect.flip(ask(Answer))
      assert.deepInclude(error, { _tag: "OutputInvalid", text: wrong })
      assert.strictEqual((yield* send("Never mind")).status, "completed")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(outputWorld([answers(wrong), answers(wrong), says("Fine.")], "tool")))
  )

  it.effect("that answers beside other calls learns their results first; of two answers the first counts", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).output, ann)
      assert.lengthOf((yield* ScriptedTools.Calls).ended, 1)
      const outcomes = (yield* log).flatMap(({ event }) => (event._tag === "ToolSettled" ? [event.outcome._tag] : []))
      assert.deepStrictEqual(outcomes, ["NotExecuted", "Succeeded", "Answered", "NotExecuted"])
      assert.notInclude(
        (yield* log).map(({ event }) => event._tag),
        "OutputRejected"
      )
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(
        outputWorld(
          [
            turn(call(0, "final_answer", right), call(1, "echo"), [finish("tool-calls")]),
            turn(call(0, "final_answer", right), call(1, "final_answer", wrong), [finish("tool-calls")])
          ],
          "tool"
        )
      )
    )
  )

  it.effect("that writes the answer as text is understood, and otherwise told to use the tool", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).output, ann)
      assert.include(yield* lastText, "by a call of the tool final_answer")
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(outputWorld([says("Ann, 41"), says(`\`\`\`json\n${right}\n\`\`\``)], "tool")))
  )

  it.effect("a call that was cut off is no answer yet", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).output, ann)
      yield* checkInvariants(seen)
    }).pipe(
      Effect.provide(outputWorld([turn(call(0, "final_answer", right), [finish("length")]), answers(right)], "tool"))
    )
  )

  it.effect("another tool keeps its name", () =>
    Effect.gen(function* () {
      yield* watched
      assert.deepStrictEqual((yield* ask(Answer)).output, ann)
      assert.lengthOf((yield* ScriptedTools.Calls).ended, 1)
    }).pipe(
      Effect.provide(
        outputWorld([answers("{}"), answers(right, "final_answer_2")], "tool", { final_answer: ScriptedTools.echo })
      )
    )
  )

  it.effect("an answer that is no object is given as one, and read out of it", () =>
    Effect.gen(function* () {
      yield* watched
      const round = yield* ask(Schema.Array(Schema.String))
      assert.deepStrictEqual(round.value, ["a"])
      const schema = (yield* requests)[0]?.tools.at(-1)?.inputSchema
      assert.deepInclude(schema, { type: "object", required: ["answer"] })
      assert.deepStrictEqual((yield* ask(Schema.Array(Schema.String))).value, ["b"])
    }).pipe(Effect.provide(outputWorld([answers('{"answer":["a"]}'), says('["b"]')], "tool")))
  )
})
