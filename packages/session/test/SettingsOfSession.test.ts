import type { Effort } from "@parley/domain/Effort"
import { InvalidMessage } from "@parley/domain/Errors"
import { ModelError, UnknownModel } from "@parley/domain/ModelError"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { fromEvents } from "@parley/domain/SessionFold"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Limits, defaults } from "../src/limits/Limits.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import type { HandleMessage } from "../src/round/HandleMessage.ts"
import { log, sessionId, watched, world } from "./World.ts"

const answers = (count: number) =>
  Array.from({ length: count }, () => ScriptedModel.turn([...Chunks.text(0, "yes"), Chunks.finish()]))

/** Models of the provider `scripted`; the effort is one of their settings. */
const models = Layer.effect(
  ModelsManager,
  Effect.map(ModelsManager, (scripted) => ({
    ...scripted,
    describe: (ref: ModelRef, effort?: Effort) =>
      ref.provider === "scripted"
        ? Effect.map(scripted.describe(ref), (info) => ({ ...info, settings: { effort: effort ?? "configured" } }))
        : Effect.fail(new ModelError({ reason: new UnknownModel({ detail: "scripted" }) }))
  }))
)
const testing = (turns: number) =>
  Layer.fresh(SessionCoordinator.layer).pipe(Layer.provide(models), Layer.provideMerge(world(answers(turns))))

const other: ModelRef = { provider: "scripted", model: "other" }
const third: ModelRef = { provider: "scripted", model: "third" }
const send = (options: Partial<HandleMessage> = {}) =>
  Effect.flatMap(SessionCoordinator, (parley) =>
    parley.handleMessage({ sessionId, request: "and?", ...options, output: undefined })
  )
const asked = Effect.map(ScriptedModel.Requests.all, (all) => {
  const last = all.at(-1)
  const effort = last?.settings?.["effort"]
  return last === undefined || typeof effort !== "string" ? "" : `${format(last.model)} ${effort}`
})

describe("the settings of a session", () => {
  it.effect("apply to later rounds, also after a restart, and are part of the log", () =>
    Effect.gen(function* () {
      yield* watched
      const parley = yield* SessionCoordinator
      yield* send()
      assert.strictEqual(yield* asked, "scripted/scripted configured")
      assert.deepStrictEqual(yield* parley.configure(sessionId, { model: other }), { model: other })
      assert.deepStrictEqual(yield* parley.configure(sessionId, { effort: "high" }), { model: other, effort: "high" })
      yield* send()
      assert.strictEqual(yield* asked, "scripted/other high")
      const restarted = yield* Layer.build(Layer.fresh(SessionCoordinator.layer).pipe(Layer.provide(models)))
      yield* Context.get(restarted, SessionCoordinator).handleMessage({ sessionId, request: "again" })
      assert.strictEqual(yield* asked, "scripted/other high")
      const preview = yield* parley.buildContext(sessionId, "next")
      assert.deepStrictEqual(preview.request.model, other)
      assert.deepStrictEqual(preview.request.settings, { effort: "high" })
      assert.deepStrictEqual(fromEvents(sessionId, yield* log).settings, { model: other, effort: "high" })
    }).pipe(Effect.scoped, Effect.provide(testing(3)))
  )

  it.effect("do not apply to a message that names others", () =>
    Effect.gen(function* () {
      yield* watched
      const parley = yield* SessionCoordinator
      yield* parley.configure(sessionId, { model: other, effort: "high", limits: { sessionTokens: 1 } })
      yield* send({ model: third })
      assert.strictEqual(yield* asked, "scripted/third configured", "the effort was chosen for the session's model")
      yield* send({ effort: "low", limits: { sessionTokens: 1000 } })
      assert.strictEqual(yield* asked, "scripted/other low")
      const error = yield* Effect.flip(send())
      assert.deepInclude(error, { _tag: "CapReached", cap: "sessionTokens", limit: 1 })
    }).pipe(Effect.provide(testing(3)))
  )

  it.effect("are given up one by one, and stay when rounds are undone or the session is forked", () =>
    Effect.gen(function* () {
      yield* watched
      const parley = yield* SessionCoordinator
      yield* send()
      yield* parley.configure(sessionId, { model: other, effort: "high", limits: { turns: 3 } })
      yield* parley.undo(sessionId)
      const { id } = yield* parley.fork(sessionId)
      yield* parley.handleMessage({ sessionId: id, request: "and?" })
      assert.strictEqual(yield* asked, "scripted/other high")
      assert.deepStrictEqual(yield* parley.configure(id, { effort: "default" }), { model: other, limits: { turns: 3 } })
      assert.deepStrictEqual(yield* parley.configure(id, { limits: {} }), { model: other })
      assert.deepStrictEqual(yield* parley.configure(id, { model: "default" }), {})
      yield* send()
      assert.strictEqual(yield* asked, "scripted/other high", "a fork has settings of its own")
    }).pipe(Effect.provide(testing(3)))
  )

  it.effect("limit rounds in place of the limits of the host", () =>
    Effect.gen(function* () {
      yield* watched
      const parley = yield* SessionCoordinator
      yield* parley.configure(sessionId, { limits: { messageBytes: 3 } })
      const refused = yield* Effect.flip(send().pipe(Effect.provideService(Limits, { ...defaults, messageBytes: 100 })))
      assert.instanceOf(refused, InvalidMessage)
      assert.instanceOf(yield* Effect.flip(parley.buildContext(sessionId, "and?")), InvalidMessage)
    }).pipe(Effect.provide(testing(0)))
  )

  it.effect("are refused if they are not valid; nothing is stored", () =>
    Effect.gen(function* () {
      yield* watched
      const parley = yield* SessionCoordinator
      const sessions = yield* SessionManager
      const unknown = yield* Effect.flip(parley.configure(sessionId, { model: { provider: "none", model: "x" } }))
      assert.strictEqual(unknown._tag, "ModelError")
      for (const limits of [{ turns: 0 }, { roundCost: -1 }, { retries: 1.5 }, { sessionTokens: Number.NaN }]) {
        const error = yield* Effect.flip(parley.configure(sessionId, { limits }))
        assert.instanceOf(error, InvalidMessage)
        assert.instanceOf(yield* Effect.flip(send({ limits })), InvalidMessage)
      }
      assert.strictEqual((yield* sessions.get(sessionId)).head, 0)
    }).pipe(Effect.provide(testing(0)))
  )
})
