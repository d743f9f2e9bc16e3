import { text as textBlock } from "@parley/domain/Content"
import { roundId } from "@parley/domain/Ids"
import { Environment } from "@parley/domain/Environment"
import { FilesManager } from "@parley/domain/FilesManager"
import { QuotaExhausted, Refused } from "@parley/domain/ModelError"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Stream } from "effect"
import { Fallbacks } from "../src/limits/Fallbacks.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { bytesOf, recordedWorld, replay } from "./support/Taped.ts"
import { log, send, sessionId, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { failing, turn } = ScriptedModel
const answer = turn(text(0, "Done", "."), [finish("end")])
const tools = { echo: ScriptedTools.echo }

/** Optional managers, as a host provides them: what they return is in the log. */
const optional = Layer.mergeAll(
  Layer.succeed(FilesManager, {
    read: Effect.succeed({ files: [{ path: "a.md", text: "A" }], skipped: [] }),
    attach: () => Effect.succeed([{ _tag: "File" as const, file: { path: "b.md", text: "attached words" } }])
  }),
  Environment.layerMemory({ timeZone: "Asia/Tokyo", state: Effect.succeed("branch main") })
)

const round = Effect.gen(function* () {
  yield* watched
  yield* send("look at @b.md")
  return bytesOf(yield* log)
}).pipe(Effect.scoped)

const turns = [turn(call(0, "echo", { a: 1 }), [finish("tool-calls")]), answer]

describe("RecordedEngine", () => {
  it.effect("a session that is recorded has the log that it would have without", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const plain = yield* round.pipe(Effect.provide(world(turns, tools, optional), { local: true }))
      const recorded = yield* round.pipe(
        Effect.provide(Layer.provide(recordedWorld(turns, written, tools), optional), { local: true })
      )
      assert.include(plain, "attached words")
      assert.include(plain, "branch main")
      assert.strictEqual(recorded, plain)
      const { log, report } = yield* replay(written)
      assert.strictEqual(report.difference, undefined)
      assert.strictEqual(bytesOf(log), plain)
    })
  )

  it.effect("fallback models are those of the recording", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const exhausted = failing(new QuotaExhausted({ detail: "scripted" }))
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        yield* send("one")
        return bytesOf(yield* log)
      }).pipe(
        Effect.scoped,
        Effect.provideService(Fallbacks, [{ provider: "scripted", model: "second" }]),
        Effect.provide(recordedWorld([exhausted, answer], written, tools))
      )
      assert.include(recorded, '"model":"second"')
      const { log: replayed, report } = yield* replay(written)
      assert.strictEqual(report.difference, undefined)
      assert.strictEqual(bytesOf(replayed), recorded)
    })
  )

  it.effect("what another process adds between two messages is recorded, too", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const sessions = yield* Layer.build(SessionManager.layerMemory)
      const other = recordedWorld([answer], [], tools, Layer.succeedContext(sessions))
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        yield* send("one")
        yield* send("of another process").pipe(Effect.provide(other, { local: true }))
        yield* send("two")
        return bytesOf(yield* log)
      }).pipe(
        Effect.scoped,
        Effect.provide(recordedWorld([answer, answer], written, tools, Layer.succeedContext(sessions)), { local: true })
      )
      const { log: replayed, report } = yield* replay(written)
      assert.strictEqual(report.difference, undefined)
      assert.strictEqual(report.messages, 2)
      assert.include(bytesOf(replayed), "of another process")
      assert.strictEqual(bytesOf(replayed), recorded)
    })
  )

  it.effect("rounds that are undone, brought back and edited, and settings, are replayed", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const recorded = yield* Effect.gen(function* () {
        yield* watched
        const parley = yield* SessionCoordinator
        yield* send("one")
        yield* send("two")
        yield* parley.undo(sessionId)
        yield* parley.redo(sessionId)
        yield* parley.undo(sessionId, { rounds: 2 })
        yield* Effect.flip(parley.undo(sessionId))
        yield* parley.configure(sessionId, { model: { provider: "scripted", model: "other" }, effort: "high" })
        yield* send("three")
        const edit = roundId(3)
        yield* parley.handleMessage({ sessionId, request: "four", edit, effort: "low", limits: { turns: 2 } })
        const fork = yield* parley.fork(sessionId)
        yield* parley.handleMessage({ sessionId: fork.id, request: "five" })
        return bytesOf(yield* log)
      }).pipe(
        Effect.scoped,
        Effect.provide(recordedWorld([answer, answer, answer, answer, answer], written, tools), { local: true })
      )
      const { log: replayed, report } = yield* replay(written)
      assert.strictEqual(report.difference, undefined)
      assert.strictEqual(report.messages, 10, "everything that was asked of the engine")
      assert.strictEqual(bytesOf(replayed), recorded)
    })
  )

  it.effect("the stream of a round has its events and its failure, and is replayed as a stream", () =>
    Effect.gen(function* () {
      const written: Array<string> = []
      const refused = failing(new Refused({ detail: "scripted" }), text(0, "No"))
      const recorded = yield* Effect.gen(function* () {
        yield* SessionManager.use((sessions) => sessions.create({ id: sessionId, workspace: "/ws" }))
        const coordinator = yield* SessionCoordinator
        const tags = yield* coordinator.stream({ sessionId, request: [textBlock("one"), { outside: "words" }] }).pipe(
          Stream.map(({ event }) => event._tag),
          Stream.runCollect
        )
        assert.deepStrictEqual([tags[0], tags.at(-1)], ["RoundStarted", "RoundCompleted"])
        const failed = yield* Effect.result(Stream.runDrain(coordinator.stream({ sessionId, request: "two" })))
        assert.strictEqual(Result.isFailure(failed) ? failed.failure._tag : "", "ModelError")
        return bytesOf(yield* log)
      }).pipe(Effect.scoped, Effect.provide(recordedWorld([answer, refused], written, tools)))
      const { log: replayed, report } = yield* replay(written)
      assert.strictEqual(report.difference, undefined)
      assert.strictEqual(bytesOf(replayed), recorded)
    })
  )
})
