import { text } from "@parley/domain/Content"
import { SessionNotFound } from "@parley/domain/Errors"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, Fixed, ScriptedModel, type ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, References, Stream, Tracer } from "effect"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { log, send, sessionId, watched, world } from "./World.ts"

const { call, finish, text: says } = Chunks
const { turn } = ScriptedModel
const callsTool = turn(call(0, "look"), [finish("tool-calls")])
const answer = turn(says(0, "Done."), [finish()])

/** Keeps every span, so that a test can ask for a span's parent. */
const recording = () => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const parentOf = (name: string): string | undefined => {
    const parent = spans.find((span) => span.name === name)?.parent
    return parent?._tag === "Some" && parent.value._tag === "Span" ? parent.value.name : undefined
  }
  return { parentOf, spans, layer: Layer.succeed(Tracer.Tracer, tracer) }
}

describe("the context of a call to the coordinator", () => {
  it.effect("has the caller's span as the parent of its spans", () => {
    const { layer, parentOf, spans } = recording()
    return Effect.gen(function* () {
      yield* watched
      yield* Effect.withSpan(send("hello"), "request")
      assert.strictEqual(parentOf("SessionCoordinator.handleMessage"), "request")
      const coordinator = yield* SessionCoordinator
      yield* Effect.withSpan(coordinator.submit({ sessionId, request: "again" }), "submission")
      assert.strictEqual(parentOf("SessionCoordinator.submit"), "submission")
      yield* coordinator.stream({ sessionId, request: "and again" }).pipe(Stream.runDrain, Effect.withSpan("streaming"))
      const parents = spans.filter(({ name }) => name === "invoke_agent").map(({ parent }) => parent)
      const names = parents.map((parent) =>
        parent._tag === "Some" && parent.value._tag === "Span" ? parent.value.name : ""
      )
      assert.deepStrictEqual(names, ["SessionCoordinator.handleMessage", "SessionCoordinator.submit", "streaming"])
    }).pipe(Effect.provide(world([answer, answer, answer]).pipe(Layer.withSpan("start-up"), Layer.provideMerge(layer))))
  })

  it.effect("has no parent if the caller has no span, even if the layer was built in one", () => {
    const { layer, spans } = recording()
    return Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      yield* Stream.runDrain(coordinator.stream({ sessionId, request: "hello" }))
      const parents = spans.filter(({ name }) => name === "invoke_agent").map(({ parent }) => parent._tag)
      assert.deepStrictEqual(parents, ["None"])
    }).pipe(Effect.provide(world([answer]).pipe(Layer.withSpan("start-up"), Layer.provideMerge(layer))))
  })

  it.effect("passes the caller's log annotations to the tools, with the ids of the call", () => {
    let seen: unknown
    const look: ScriptedTools.Behaviour = () =>
      Effect.map(References.CurrentLogAnnotations, (annotations) => {
        seen = annotations
        return { isError: false, content: [text("seen")] }
      })
    return Effect.gen(function* () {
      yield* watched
      yield* send("hello").pipe(Effect.annotateLogs("tenant", "a"))
      assert.deepStrictEqual(seen, { tenant: "a", sessionId, roundId: "r1", turnId: "r1t1", callId: "r1t1c1" })
    }).pipe(Effect.provide(world([callsTool, answer], { look })))
  })

  it.effect("applies limits around the call instead of those around the layer", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* send("hello").pipe(Effect.provideService(Limits, { ...defaults, turns: 1 }), Effect.flip)
      assert.deepInclude(error, { _tag: "CapReached", cap: "turns", limit: 1 })
    }).pipe(
      Effect.provide(
        world([callsTool, answer], { look: () => Effect.succeed({ isError: false, content: [text("seen")] }) }).pipe(
          Layer.provide(Layer.succeed(Limits, { ...defaults, turns: 5 }))
        )
      )
    )
  )

  it.effect("generates ids with a layer of ids beside the coordinator's and below it", () => {
    const create = SessionManager.use((sessions) => Effect.map(sessions.create({ workspace: "/ws" }), ({ id }) => id))
    const managers = () => Layer.fresh(world([]))
    return Effect.gen(function* () {
      const beside = Layer.mergeAll(managers(), Fixed.layerIds)
      const below = managers().pipe(Layer.provide(Fixed.layerIds))
      assert.strictEqual(yield* Effect.provide(create, beside), "ses_1")
      assert.strictEqual(yield* Effect.provide(create, below), "ses_1")
    })
  })

  it.effect("uses the layer's managers, whatever managers the caller has in scope", () =>
    Effect.gen(function* () {
      yield* watched
      const { id } = yield* Effect.provide(send("hello"), Layer.fresh(SessionManager.layerMemory))
      assert.deepInclude(
        (yield* log).find(({ event }) => event._tag === "RoundStarted")?.event,
        { roundId: id },
        "the message was stored where the layer stores"
      )
      const coordinator = yield* SessionCoordinator
      const events = coordinator.stream({ sessionId, request: "again" }).pipe(Stream.runDrain)
      yield* Effect.provide(events, Layer.fresh(SessionManager.layerMemory))
      const missing = yield* SessionManager.use((sessions) => sessions.get(sessionId)).pipe(
        Effect.provide(Layer.fresh(SessionManager.layerMemory)),
        Effect.flip
      )
      assert.instanceOf(missing, SessionNotFound)
    }).pipe(Effect.provide(world([answer, answer])))
  )
})
