import { ContextUnavailable } from "@parley/domain/Errors"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { ToolError } from "@parley/domain/ToolError"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer, Logger, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { defaults, layer as limitsLayer, Limits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { log, send, session, until, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const callsTool = turn(call(0, "tool"), [finish("tool-calls")])
const answer = turn(text(0, "Done."), [finish()])

/** Keeps the messages of the operator's log, each with its cause as text. */
const recording = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ cause, message }) => {
    lines.push(`${String(message)} ${Cause.pretty(cause)}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}

const bug = () => new RangeError("index out of range")
const json = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))

/** A coordinator whose managers may fail in ways that scripted parts do not. */
const engine = (models: Layer.Layer<ModelsManager>, prompt: Layer.Layer<PromptManager>, logger: Layer.Layer<never>) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([models, prompt, SessionManager.layerMemory, McpManager.layerMemory({})]),
    Layer.provideMerge(logger)
  )

describe("a failure leaves a trace in the operator's log", () => {
  it.effect("of a bug in a tool, with its stack, while the model receives the message", () => {
    const { layer, lines } = recording()
    return Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /^The tool tool failed unexpectedly .*index out of range[^]*\n\s+at .*FailureTraces/)
      const settled = (yield* log).find(({ event }) => event._tag === "ToolSettled")
      assert.notInclude(json(settled), "FailureTraces")
    }).pipe(
      Effect.provide(world([callsTool, answer], { tool: () => Effect.die(bug()) }).pipe(Layer.provideMerge(layer)))
    )
  })

  it.effect("of the error behind a lost call", () => {
    const { layer, lines } = recording()
    const tool = () => Effect.fail(new ToolError({ tool: "tool", reason: "Lost", problem: "hung up", cause: bug() }))
    return Effect.gen(function* () {
      yield* watched
      yield* send("go")
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /^tool: hung up [^]*index out of range[^]*\n\s+at .*FailureTraces/)
      assert.notInclude(json(yield* log), "index out of range")
    }).pipe(Effect.provide(world([callsTool, answer], { tool }).pipe(Layer.provideMerge(layer))))
  })

  it.effect("of a bug in a provider, which is also the caller's error", () => {
    const { layer, lines } = recording()
    const models = Layer.effect(
      ModelsManager,
      Effect.map(ModelsManager, (models) => ModelsManager.of({ ...models, stream: () => Stream.die(bug()) }))
    ).pipe(Layer.provide(ScriptedModel.layer([])))
    return Effect.gen(function* () {
      yield* watched
      const exit = yield* Effect.exit(send("go"))
      assert.instanceOf(Cause.squash(Exit.isFailure(exit) ? exit.cause : Cause.empty), RangeError)
      assert.lengthOf(lines, 1)
      assert.match(
        lines[0] ?? "",
        /^The round failed because of a bug[^]*index out of range[^]*\n\s+at .*FailureTraces/
      )
      assert.deepInclude((yield* session).rounds[0], { status: "failed" })
    }).pipe(Effect.provide(engine(models, PromptManager.layerMemory({}), layer)))
  })

  it.effect("of the error behind a manager's failure, which has no file", () => {
    const { layer, lines } = recording()
    const prompt = Layer.succeed(
      PromptManager,
      PromptManager.of({
        prompt: Effect.fail(
          new ContextUnavailable({ part: "prompt", problem: "the wiki does not answer", cause: bug() })
        )
      })
    )
    return Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(send("go"))
      assert.strictEqual(error.message, "The prompt of the context could not be supplied: the wiki does not answer")
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /the wiki does not answer[^]*index out of range/)
      assert.notInclude(json(yield* log), "index out of range")
    }).pipe(Effect.provide(engine(ScriptedModel.layer([]), prompt, layer)))
  })
})

describe("a call that its manager never settles", () => {
  it.effect("ends after a day, and the round continues", () =>
    Effect.gen(function* () {
      yield* watched
      const fiber = yield* Effect.forkChild(send("go"))
      yield* until("ToolStarted")
      yield* TestClock.adjust("23 hours")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 hour")
      yield* Effect.repeat(Effect.yieldNow, { times: 1000 })
      assert.isDefined(fiber.pollUnsafe(), "the call has ended")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "completed")
      const settled = (yield* log).find(({ event }) => event._tag === "ToolSettled")
      assert.include(json(settled), "no answer within 86400 s (limits.toolSeconds)")
    }).pipe(Effect.provide(world([callsTool, answer], { tool: ScriptedTools.hangs })))
  )

  it.effect("ends after the caller's limit", () =>
    Effect.gen(function* () {
      yield* watched
      const fiber = yield* Effect.forkChild(Effect.provide(send("go"), limitsLayer({ tool: "2 minutes" })))
      yield* until("ToolStarted")
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Fiber.join(fiber)).status, "completed")
    }).pipe(Effect.provide(world([callsTool, answer], { tool: ScriptedTools.hangs })))
  )
})

describe("limits", () => {
  it.effect("are changed one by one, with durations", () =>
    Effect.gen(function* () {
      const inner = limitsLayer({ round: "2 hours", roundCost: 3 })
      const outer = limitsLayer({ turns: 7, idle: "90 seconds", round: "1 hour" })
      const changed = yield* Effect.provide(Limits, Layer.provide(inner, outer))
      const expected = { ...defaults, turns: 7, idleMillis: 90_000, roundMillis: 7_200_000, roundCost: 3 }
      assert.deepStrictEqual(changed, expected)
    })
  )

  it.effect("accept every duration", () =>
    Effect.gen(function* () {
      const options = { firstChunk: 1, idle: 2, turn: 3, longestWait: 4, round: 5, tool: 6 }
      const changed = yield* Effect.provide(Limits, limitsLayer(options))
      const expected = {
        firstChunkMillis: 1,
        idleMillis: 2,
        turnMillis: 3,
        longestWaitMillis: 4,
        roundMillis: 5,
        toolMillis: 6
      }
      assert.deepStrictEqual(changed, { ...defaults, ...expected })
    })
  )
})
