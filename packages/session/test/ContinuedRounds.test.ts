import { Overloaded } from "@parley/domain/ModelError"
import type { Round } from "@parley/domain/Session"
import * as SessionFold from "@parley/domain/SessionFold"
import type { ToolPolicy } from "@parley/domain/ToolPolicy"
import { Chunks, ScriptedModel, Waiting } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Exit, Layer, Result, Stream } from "effect"
import { Fallbacks } from "../src/limits/Fallbacks.ts"
import { defaults, Limits } from "../src/limits/Limits.ts"
import * as StructuredOutput from "../src/output/StructuredOutput.ts"
import { log, sessionId } from "./World.ts"
import * as World from "./support/QuestionWorld.ts"

const { allow, asks, created, done, parks, person, process, yes } = World
const { call, finish, text } = Chunks
const { turn } = ScriptedModel

interface Case {
  readonly turns: ReadonlyArray<ScriptedModel.Turn>
  readonly optional?: Layer.Layer<never>
  readonly output?: StructuredOutput.StructuredOutput
  /** A host that allows everything, and one that leaves everything open. */
  readonly hosts?: readonly [ToolPolicy, ToolPolicy]
}

const last = Effect.map(log, (entries) => SessionFold.fromEvents(sessionId, entries).rounds.at(-1))
const lines = (round: Round | undefined) => ({
  status: round?.status,
  failure: round?.failure,
  output: round?.output,
  turns: round?.turns.map(({ content, fallbackFor, model, status, toolCalls }) => ({
    content,
    fallbackFor,
    model,
    status,
    outcomes: toolCalls.map(({ outcome }) => outcome)
  }))
})

/** What the model was sent and how the round ended. */
const seen = Effect.all({ round: Effect.map(last, lines), requests: ScriptedModel.Requests.all })

const message = ({ output }: Case) => ({ sessionId, request: "go", ...(output === undefined ? {} : { output }) })

/** In one process, with a person who allows every call. */
const atOnce = (one: Case) =>
  Effect.gen(function* () {
    yield* created
    const host = yield* process(one.hosts?.[0] ?? person(() => Effect.succeed(allow)), one.optional)
    yield* Waiting.passes(sessionId)
    yield* Effect.exit(host.coordinator.handleMessage(message(one)))
    return yield* seen
  }).pipe(Effect.scoped, Effect.provide(World.shared(one.turns), { local: true }))

/** In a new process for each answer. */
const inPieces = (one: Case) =>
  Effect.gen(function* () {
    yield* created
    yield* Waiting.passes(sessionId)
    const host = yield* process(one.hosts?.[1] ?? parks, one.optional)
    let exit: Exit.Exit<unknown, unknown> = yield* Effect.exit(host.coordinator.handleMessage(message(one)))
    let pieces = 1
    for (; (yield* last)?.status === "waiting"; pieces++) {
      const { coordinator } = yield* process(one.hosts?.[1] ?? parks, one.optional)
      for (const { questionId } of yield* coordinator.questions(sessionId))
        yield* coordinator.answer(sessionId, questionId, yes, { continues: false })
      exit = yield* Effect.exit(Stream.runDrain(coordinator.resume(sessionId)))
    }
    return { ...(yield* seen), pieces, exit }
  }).pipe(Effect.scoped, Effect.provide(World.shared(one.turns), { local: true }))

/** A round that is continued by other processes is the round that one process would have run. */
const isSame = (one: Case, pieces: number, status: Round["status"]) =>
  Effect.gen(function* () {
    const whole = yield* atOnce(one)
    const parts = yield* inPieces(one)
    assert.strictEqual(parts.pieces, pieces)
    assert.strictEqual(whole.round.status, status)
    assert.deepStrictEqual(parts.round, whole.round)
    assert.deepStrictEqual(parts.requests, whole.requests)
  })

const limits = (some: Partial<typeof defaults>) => Layer.succeed(Limits, { ...defaults, ...some })
const same = (n: number) => turn(call(0, "careful", { same: n }), [finish("tool-calls")])
const schema = Result.getOrThrow(StructuredOutput.fromJsonSchema({ type: "integer" }))
const says = (words: string) => turn(text(0, words), [finish()])
const empty = turn([finish()])

describe("a round that is continued by another process counts on from its log", () => {
  it.effect("the turns that it may have", () =>
    isSame({ turns: [asks("careful"), asks("risky"), done], optional: limits({ turns: 2 }) }, 3, "failed")
  )

  it.effect("how often the same call was requested", () =>
    isSame({ turns: [same(1), same(1), same(1), done], optional: limits({ identicalCalls: 2 }) }, 3, "failed")
  )

  it.effect("that an empty response was asked for again", () =>
    isSame({ turns: [empty, asks("careful"), empty, done] }, 2, "failed")
  )

  it.effect("that an answer was corrected once", () =>
    isSame({ turns: [says("x"), asks("careful"), says("y"), says("1")], output: schema }, 2, "failed")
  )

  it.effect("the form of the answer", () =>
    isSame({ turns: [asks("careful"), says("x"), says("41")], output: schema }, 2, "completed")
  )

  it.effect("the model that it asks", () => {
    const overloaded = ScriptedModel.failing(new Overloaded({ detail: "scripted" }))
    const other = { provider: "scripted", model: "other" }
    const optional = Layer.succeed(Fallbacks, [other])
    return isSame(
      { turns: [overloaded, overloaded, overloaded, asks("careful"), asks("risky"), done], optional },
      3,
      "completed"
    )
  })

  it.effect("whether the request that led to the calls was tainted", () => {
    const rule: ToolPolicy["rule"] = ({ name }, { tainted }) => (tainted ? "deny" : name === "echo" ? "allow" : "ask")
    const asking = person(() => Effect.succeed(allow), { rule })
    return isSame(
      {
        turns: [asks("careful", "echo"), asks("risky"), done],
        hosts: [asking, person(() => Effect.never, { rule, withoutAsking: () => Effect.succeed("park") })]
      },
      2,
      "completed"
    )
  })

  it.effect("the responses of several turns, with denied and unknown calls between them", () =>
    isSame({ turns: [asks("careful", "none", "echo"), asks("echo"), asks("risky", "careful"), done] }, 3, "completed")
  )
})
