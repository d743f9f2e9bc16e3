import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { defaults, Limits } from "../src/limits/Limits.ts"
import { checkInvariants, send, session, watched, world } from "./World.ts"

const { call, finish, text, thinking } = Chunks
const limits = { ...defaults, retries: 0, firstChunkMillis: 80_000, idleMillis: 40_000, turnMillis: 400_000 }
const usage = { ...Chunks.usage, inputTokens: 7 }
const begun: ReadonlyArray<ProviderChunk> = [
  { _tag: "TextDelta", index: 0, text: "half" },
  { _tag: "ThinkingDelta", index: 1, text: "hm" },
  { _tag: "ToolCallStart", index: 2, providerId: "t", name: "echo" },
  { _tag: "UsageSoFar", usage }
]
const start = Effect.forkChild(Effect.exit(send("go")).pipe(Effect.provideService(Limits, limits)), {
  startImmediately: true
})

/** How the round stands when that much time has passed since its first request was sent. */
const after = Effect.fnUntraced(function* (millis: number) {
  yield* Effect.repeat(Effect.yieldNow, { times: 50 })
  yield* TestClock.adjust(millis)
  yield* Effect.repeat(Effect.yieldNow, { times: 50 })
  return (yield* session).rounds[0]
})

/** One piece of text per `every` milliseconds, `count` of them, and then the end. */
const slow = (every: number, count: number) =>
  Stream.fromIterable(Array.from({ length: count }, (_, i) => text(0, `${i} `))).pipe(
    Stream.rechunk(1),
    Stream.schedule(Schedule.spaced(every)),
    Stream.flatMap((chunks) => Stream.fromArray(chunks)),
    Stream.concat(ScriptedModel.turn([finish()]))
  )

/** The beginning of an answer, and then the same chunk again and again. */
const repeating = (chunk: ProviderChunk, every: number) =>
  Stream.fromIterable([begun, ...Array.from({ length: 1000 }, () => [chunk])]).pipe(
    Stream.rechunk(1),
    Stream.schedule(Schedule.spaced(every)),
    Stream.flatMap((chunks) => Stream.fromArray(chunks))
  )

const growing = (every: number, count: number) =>
  Stream.fromIterable(
    Array.from({ length: count }, (): ReadonlyArray<ProviderChunk> => [{ _tag: "UsageSoFar", usage: Chunks.usage }])
  ).pipe(
    Stream.rechunk(1),
    Stream.schedule(Schedule.spaced(every)),
    Stream.flatMap((chunks) => Stream.fromArray(chunks)),
    Stream.concat(ScriptedModel.turn([...text(0, "x"), finish()]))
  )

describe("a provider that stops responding", () => {
  const phases: ReadonlyArray<
    readonly [name: string, limit: number, reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>]
  > = [
    ["before the first chunk", limits.firstChunkMillis, []],
    ["in the middle of text", limits.idleMillis, [text(0, "half")]],
    ["while it thinks", limits.idleMillis, [thinking(0, "hm", "m").slice(0, 1)]],
    ["within a tool's input", limits.idleMillis, [call(0, "echo", { a: 1 }).slice(0, 2)]],
    ["after the stop reason, before the end", limits.idleMillis, [text(0, "all"), [finish()]]]
  ]

  for (const [name, limit, reads] of phases)
    it.effect(`${name} fails the round, not early and at most an eighth late`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        const fiber = yield* start
        assert.strictEqual((yield* after(limit - 1))?.status, "running")
        const round = yield* after(1 + limits.firstChunkMillis / 8 + limit / 8)
        assert.strictEqual(round?.status, "failed")
        assert.strictEqual(round?.failure?.reason, "Stalled")
        const setting = reads.length === 0 ? "limits.firstTokenSeconds" : "limits.idleSeconds"
        assert.include(round?.failure?.message, `(${setting})`)
        assert.strictEqual(round?.turns[0]?.status, "failed")
        yield* Fiber.join(fiber)
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(world([ScriptedModel.hanging(...reads)])))
    )

  const empty: ReadonlyArray<readonly [name: string, chunk: ProviderChunk]> = [
    ["empty text", { _tag: "TextDelta", index: 0, text: "" }],
    ["empty thinking", { _tag: "ThinkingDelta", index: 1, text: "" }],
    ["empty input", { _tag: "ToolInputDelta", index: 2, json: "" }],
    ["thinking that ends without a block", { _tag: "ThinkingEnd", index: 1, provider: "p", raw: "" }],
    ["blocks that are empty", { _tag: "OpaqueBlock", index: 3, provider: "p", kind: "k", raw: "" }]
  ]
  for (const [name, chunk] of empty)
    it.effect(`and sends only ${name} counts as silent`, () =>
      Effect.gen(function* () {
        yield* watched
        const fiber = yield* start
        yield* after(0)
        for (let i = 0; i < 3; i++) assert.strictEqual((yield* after(limits.idleMillis / 4))?.status, "running")
        yield* after(limits.idleMillis / 2)
        const round = (yield* session).rounds[0]
        assert.strictEqual(round?.failure?.reason, "Stalled")
        assert.include(round?.failure?.message, "silent for 40 s in the middle of the answer")
        yield* Fiber.join(fiber)
      }).pipe(Effect.provide(world([repeating(chunk, 1000)])))
    )

  it.effect("is distinguished from one whose response is received but not passed on", () =>
    Effect.gen(function* () {
      yield* watched
      const fiber = yield* start
      for (let i = 0; i < 12; i++) yield* after(limits.idleMillis - 1000)
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* session).rounds[0]?.status, "completed")
    }).pipe(Effect.provide(world([growing(limits.idleMillis - 1000, 9)])))
  )

  it.effect("is distinguished from a slow one", () =>
    Effect.gen(function* () {
      yield* watched
      const fiber = yield* start
      for (let i = 0; i < 11; i++) yield* after(limits.idleMillis - 1000)
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* session).rounds[0]?.status, "completed")
    }).pipe(Effect.provide(world([slow(limits.idleMillis - 1000, 9)])))
  )

  it.effect("is stopped at the total limit, however regularly it sends", () =>
    Effect.gen(function* () {
      yield* watched
      const fiber = yield* start
      for (let i = 0; i < 40; i++) yield* after(10_000)
      const exit = yield* Fiber.join(fiber)
      assert.strictEqual((yield* session).rounds[0]?.failure?.reason, "Stalled")
      assert.include((yield* session).rounds[0]?.failure?.message, "no end of the answer within 400 s")
      assert.strictEqual(exit._tag, "Failure")
    }).pipe(Effect.provide(world([slow(10_000, 1000)])))
  )
})
