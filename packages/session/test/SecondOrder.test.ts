import { callId, roundId, SessionId, turnId } from "@parley/domain/Ids"
import { StorageError } from "@parley/domain/Errors"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { SessionManager } from "@parley/domain/SessionManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { cost, type Price } from "@parley/domain/Usage"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { CompactionSettings } from "../src/limits/CompactionSettings.ts"
import { defaults, Limits } from "../src/limits/Limits.ts"
import * as Recovery from "../src/log/Recovery.ts"
import * as Repair from "../src/log/Repair.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { lostRound, pastRound } from "./support/lostRounds.ts"
import { answer, isSummary, long, talk } from "./support/Talk.ts"
import { log, send, session, sessionId, watched, world } from "./World.ts"

/** What happens to a session that something has happened to before: compacted twice, lost and changed, repaired. */

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Unknown))
const flat = (request: ModelRequest | undefined) => encode(request?.messages ?? [])

const answerOk = [...Chunks.text(0, "ok"), Chunks.finish()]

const put = (events: ReadonlyArray<SessionEvent>, workspace?: string) =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    yield* sessions.create(workspace === undefined ? { id: sessionId } : { id: sessionId, workspace })
    yield* sessions.append(sessionId, { after: 0, epoch: 0 }, events)
  })

/** Another process: nothing of the first one's memory is left. */
const reopened = Effect.gen(function* () {
  const built = yield* Layer.build(Layer.fresh(SessionCoordinator.layer))
  return Context.get(built, SessionCoordinator)
})

describe("a change between rounds, after a round whose process died", () => {
  type ChangeError = Effect.Error<ReturnType<SessionCoordinator["Service"]["pin" | "refresh" | "undoCompaction"]>>
  const changes: {
    readonly [name: string]: (c: SessionCoordinator["Service"]) => Effect.Effect<unknown, ChangeError>
  } = {
    pin: (coordinator) => coordinator.pin(sessionId, { kind: "goal", text: "the port is 8080" }),
    unpin: (coordinator) => coordinator.unpin(sessionId, "the port is 80"),
    refresh: (coordinator) => coordinator.refresh(sessionId),
    "undo of a compaction": (coordinator) => coordinator.undoCompaction(sessionId)
  }
  const pinned: SessionEvent = { _tag: "Pinned", kind: "goal", text: "the port is 80" }
  for (const [name, change] of Object.entries(changes))
    it.effect(`closes that round first: ${name}`, () =>
      Effect.gen(function* () {
        yield* put([pinned, ...pastRound(1), ...lostRound(2)])
        const coordinator = yield* SessionCoordinator
        // An undo is refused, as nothing was compacted; the round is closed all the same.
        yield* Effect.exit(change(coordinator))
        const entries = yield* log
        const failed = entries.findIndex(({ event }) => event._tag === "RoundFailed")
        assert.isAbove(failed, 0, "the lost round is closed")
        const after = entries.slice(failed + 1).map(({ event }) => event._tag)
        assert.deepStrictEqual(
          after,
          { pin: ["Pinned"], unpin: ["Unpinned"], refresh: ["RefreshRequested"] }[name] ?? [],
          "and the change comes after it"
        )
        const again = yield* reopened
        // Opening it anew checks its whole log.
        assert.strictEqual((yield* again.handleMessage({ sessionId, request: "go on" })).status, "completed")
      }).pipe(Effect.provide(world([ScriptedModel.turn(answerOk)])))
    )
})

describe("a history that was compacted twice", () => {
  it.effect("does not contain what the first compaction left out", () => {
    const requests: Array<ModelRequest> = []
    return Effect.gen(function* () {
      yield* watched
      const leftOut = () => flat(requests.at(-1)).split("The result is left out to save space").length - 1
      const prunings = Effect.map(log, (entries) =>
        entries.flatMap(({ event }) => (event._tag === "ContextCompacted" ? [event] : []))
      )
      for (let n = 0; n < 20 && (yield* prunings).length < 2; n++) yield* send("call call")
      const [first, second] = yield* prunings
      assert.isUndefined(first?.baseline)
      assert.isUndefined(second?.baseline, "old results went twice, and nothing was summed up")
      const all = new Set([...(first?.pruned ?? []), ...(second?.pruned ?? [])])
      assert.isAbove(all.size, second?.pruned.length ?? 0)
      assert.strictEqual(leftOut(), all.size)
    }).pipe(Effect.provide(talk(requests, { window: 10_000 })))
  })
})

describe("the cost of a summary", () => {
  const limited = (limits: object) => Effect.provideService(Limits, { ...defaults, ...limits })

  it.effect("counts towards the session's limit of tokens", () => {
    const requests: Array<ModelRequest> = []
    return Effect.gen(function* () {
      yield* watched
      yield* send(`one ${long}`)
      yield* send(`two ${long}`)
      const coordinator = yield* SessionCoordinator
      yield* coordinator.compact(sessionId)
      assert.isTrue(requests.some(isSummary))
      const spent = (yield* log).flatMap(({ event }) =>
        event._tag === "TurnCompleted" ? [event.usage.inputTokens + event.usage.outputTokens] : []
      )
      assert.lengthOf(spent, 3)
      const all = spent.reduce((sum, n) => sum + n, 0)
      const error = yield* Effect.flip(send("three").pipe(limited({ sessionTokens: all })))
      assert.strictEqual(error._tag, "CapReached")
      const round = yield* send("four").pipe(limited({ sessionTokens: all + 1 }))
      assert.strictEqual(round.status, "completed")
    }).pipe(Effect.provide(talk(requests)))
  })

  it.effect("is computed with the price of the model that wrote it", () => {
    const requests: Array<ModelRequest> = []
    const prices: { readonly [model: string]: Price } = {
      [ScriptedModel.ref.model]: { input: 1, output: 1 },
      small: { input: 1000, output: 1000 }
    }
    const small = { provider: "scripted", model: "small" }
    const priced = Layer.effect(
      ModelsManager,
      Effect.map(ModelsManager, (models) => ({
        ...models,
        describe: (ref: ModelRequest["model"]) =>
          Effect.map(models.describe(ref), (info) => ({ ...info, price: prices[ref.model] ?? { input: 0, output: 0 } }))
      }))
    )
    return Effect.gen(function* () {
      yield* watched
      yield* send(`one ${long}`)
      yield* send(`two ${long}`)
      const built = yield* Layer.build(Layer.fresh(SessionCoordinator.layer).pipe(Layer.provide(priced)))
      yield* Context.get(built, SessionCoordinator).compact(sessionId)
      const [summary] = (yield* log).flatMap(({ event }) =>
        event._tag === "TurnStarted" && event.purpose === "summary" ? [event] : []
      )
      assert.strictEqual(summary?.model.model, "small")
      const ended = (yield* log).flatMap(({ event }) =>
        event._tag === "TurnCompleted" && event.turnId === summary?.turnId ? [event] : []
      )
      assert.strictEqual(ended[0]?.cost, cost(ended[0]?.usage ?? assert.fail(), prices["small"] ?? assert.fail()))
    }).pipe(
      Effect.provideService(CompactionSettings, { auto: true, model: small }),
      Effect.provide(talk(requests, { answer }))
    )
  })
})

describe("the size of a request", () => {
  const counting = (estimateShare: number) => {
    const requests: Array<ModelRequest> = []
    let asked = 0
    return Effect.gen(function* () {
      yield* watched
      // The window is 8,000 tokens and the answer may have 1,000: the limit is 7,000. A token is estimated as four bytes.
      yield* send("x".repeat(7000 * 4 * estimateShare))
      return asked
    }).pipe(
      Effect.provide(
        talk(requests, {
          count: () =>
            Effect.sync(() => {
              asked++
              return 5000
            })
        })
      )
    )
  }
  it.effect("is counted by the provider near the limit, not only beyond it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* counting(0.9), 1)
      assert.strictEqual(yield* counting(0.5), 0)
    })
  )
})

describe("recovery and repair", () => {
  it.effect("a failure of the store fails recovery; only an invalid log is reported as damaged", () =>
    Effect.gen(function* () {
      const failing = (reason: StorageError["reason"]) =>
        Recovery.report(
          sessionId,
          Effect.fail(new StorageError({ operation: "read", reason, detail: "scripted", sessionId }))
        )
      for (const reason of ["Full", "Unavailable", "Busy"] as const)
        assert.strictEqual((yield* Effect.flip(failing(reason))).reason, reason)
      assert.deepStrictEqual(
        (yield* failing("Corrupt")).map(({ _tag }) => _tag),
        ["Damaged"]
      )
    })
  )

  it.effect("a repaired session is in the workspace of the damaged one and can continue", () =>
    Effect.gen(function* () {
      const settled: SessionEvent = {
        _tag: "ToolSettled",
        callId: callId(turnId(roundId(9), 1), 1),
        outcome: { _tag: "Succeeded", content: [] }
      }
      yield* put([...pastRound(1), settled], "/ws")
      const repaired = yield* Repair.repair(sessionId)
      assert.strictEqual(repaired.session.workspace, "/ws")
      assert.strictEqual(repaired.leftBehind, 1)
      const sessions = yield* SessionManager
      const listed = yield* sessions.list({ workspace: "/ws" })
      assert.include(
        listed.map(({ id }) => id),
        SessionId.make(repaired.session.id)
      )
      const coordinator = yield* SessionCoordinator
      const round = yield* coordinator.handleMessage({ sessionId: repaired.session.id, request: "go on" })
      assert.strictEqual(round.status, "completed")
      assert.lengthOf((yield* session).rounds, 1, "the damaged one stays as it is")
    }).pipe(Effect.provide(world([ScriptedModel.turn(answerOk)])))
  )
})
