import { textOf } from "@parley/domain/Content"
import { roundId } from "@parley/domain/Ids"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Counterfactual from "../src/recording/Counterfactual.ts"
import { parse } from "../src/recording/RecordingFormat.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { recordedWorld } from "./support/Taped.ts"
import { send, sessionId, watched } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const says = (words: string) => turn(text(0, words), [finish("end")])
const asks = (...inputs: ReadonlyArray<object>) =>
  turn(
    inputs.flatMap((input, i) => call(i, "echo", { ...input })),
    [finish("tool-calls")]
  )
const other = { provider: "scripted", model: "other" }

const asText = (value: unknown): string => JSON.stringify(value)
let ran = 0
const echo: ScriptedTools.Behaviour = (input) =>
  Effect.andThen(
    Effect.sync(() => ran++),
    ScriptedTools.echo(input)
  )

/** Records three messages; the second one leads to two calls. The prompt changes after the first. */
const recorded = Effect.gen(function* () {
  const written: Array<string> = []
  let words = "First rule."
  const prompt = Layer.succeed(PromptManager, {
    prompt: Effect.sync(() => ({
      instructions: words,
      capabilities: [],
      rules: [],
      includeWorkspaceMetadata: false,
      includeSystemInfo: false,
      includeDateTime: false
    }))
  })
  const turns = [says("One."), asks({ a: 1 }, { a: 2 }), says("Two."), says("Three.")]
  yield* Effect.gen(function* () {
    yield* watched
    yield* send("one")
    words = "Second rule."
    yield* send("two")
    yield* send("three")
  }).pipe(Effect.scoped, Effect.provide(recordedWorld(turns, written, { echo }, undefined, prompt), { local: true }))
  return yield* Effect.fromResult(parse("x.jsonl", written.join("")))
})

/** Runs the recording again from a round on, with a model that plays these turns. */
const again = (from: string, turns: ReadonlyArray<ScriptedModel.Turn>) =>
  Effect.gen(function* () {
    const recording = yield* recorded
    const before = ran
    const result = yield* Counterfactual.run({ name: "x.jsonl", recorded: recording, from, model: other })
    const requests = yield* ScriptedModel.Requests.all
    assert.strictEqual(ran, before, "no tool was run")
    const log = yield* SessionManager.use((sessions) => sessions.read(result.session.id, 0))
    return { ...result, requests, log }
  }).pipe(Effect.provide(Layer.merge(ScriptedModel.layer(turns), SessionManager.layerMemory), { local: true }))

describe("a recorded session with another model", () => {
  it.effect("goes on from the round in a new session, with the recorded results and prompt", () =>
    Effect.gen(function* () {
      const turns = [asks({ a: 2 }), says("Deux."), says("Trois.")]
      const { log, requests, rounds, session } = yield* again("r2", turns)
      assert.notStrictEqual(session.id, sessionId)
      assert.deepStrictEqual(
        rounds.map(({ end, now, recorded, unrecorded }) => [recorded?.id, now?.id, end, unrecorded.length]),
        [
          ["r2", "r2", "completed", 0],
          ["r3", "r3", "completed", 0]
        ]
      )
      assert.deepStrictEqual(
        requests.map(({ model }) => model.model),
        ["other", "other", "other"]
      )
      assert.include(requests[0]?.system, "Second rule.")
      assert.deepStrictEqual(
        requests[0]?.messages.map(({ content }) => textOf(content)),
        ["one", "One.", "two"]
      )
      const result = rounds[0]?.now?.turns[0]?.toolCalls[0]?.outcome
      assert.deepStrictEqual(result, { _tag: "Succeeded", content: [{ _tag: "Text", text: '{"a":2}' }] })
      assert.strictEqual(rounds[0]?.recorded?.turns[0]?.toolCalls.length, 2)
      assert.strictEqual(log.filter(({ event }) => event._tag === "RoundCompleted").length, 3)
    })
  )

  it.effect("a call that was not recorded is answered with an error, and a repeated one with its last result", () =>
    Effect.gen(function* () {
      const { rounds } = yield* again("r2t1", [asks({ a: 1 }, { a: 1 }, { a: 3 }), says("Done."), says("End.")])
      const outcomes = rounds[0]?.now?.turns[0]?.toolCalls.map(({ outcome }) => outcome?._tag)
      assert.deepStrictEqual(outcomes, ["Succeeded", "Succeeded", "Failed"])
      assert.deepStrictEqual(rounds[0]?.unrecorded, ["echo"])
      assert.deepStrictEqual(rounds[1]?.unrecorded, [])
      assert.include(asText(rounds[0]?.now), "the recording has no result for this call")
    })
  )

  it.effect("replaces edited messages again, and asks for no effort of the recorded model", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const turns = [says("One."), says("Two."), says("Three."), says("Four.")]
      yield* Effect.gen(function* () {
        yield* watched
        const parley = yield* SessionCoordinator
        yield* send("one")
        yield* send("two")
        yield* parley.handleMessage({ sessionId, request: "better", edit: roundId(2), effort: "high" })
        yield* parley.handleMessage({ sessionId, request: "best", edit: roundId(3) })
      }).pipe(Effect.scoped, Effect.provide(recordedWorld(turns, written), { local: true }))
      const recording = yield* Effect.fromResult(parse("x.jsonl", written.join("")))
      const { rounds } = yield* Counterfactual.run({ name: "x.jsonl", recorded: recording, from: "r3", model: other })
      assert.deepStrictEqual(
        rounds.map(({ end, now }) => `${now?.id} ${end}`),
        ["r3 completed", "r4 completed"]
      )
      const requests = yield* ScriptedModel.Requests.all
      assert.deepStrictEqual(
        requests.map(({ messages }) => messages.map(({ content }) => textOf(content)).join(" ")),
        ["one One. better", "one One. best"]
      )
    }).pipe(
      Effect.provide(Layer.merge(ScriptedModel.layer([says("Trois."), says("Quatre.")]), SessionManager.layerMemory), {
        local: true
      })
    )
  )

  it.effect("a round that the recording does not have is an error that names those that it has", () =>
    Effect.gen(function* () {
      const recording = yield* recorded
      const failed = (from: string) =>
        Effect.map(
          Effect.flip(Counterfactual.run({ name: "x.jsonl", recorded: recording, from, model: other })),
          ({ message }) => message
        )
      assert.strictEqual(yield* failed("r4"), "x.jsonl: it has no round r4 to run again; its rounds: r1, r2, r3")
      assert.include(yield* failed("r2t2"), "only whole rounds can be run again")
    }).pipe(Effect.provide(Layer.merge(ScriptedModel.layer([]), SessionManager.layerMemory)))
  )
})
