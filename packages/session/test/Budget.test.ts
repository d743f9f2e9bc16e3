import { BudgetLedger, type BudgetLimits } from "@parley/domain/BudgetLedger"
import { SessionId } from "@parley/domain/Ids"
import { Overloaded, StreamBroken } from "@parley/domain/ModelError"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as SessionFold from "@parley/domain/SessionFold"
import { cost, type Price, type Usage, worstCost } from "@parley/domain/Usage"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { Budget } from "../src/limits/Budget.ts"
import { defaults, Limits, type RoundLimits } from "../src/limits/Limits.ts"
import { Meter, Sampled } from "../src/limits/SamplingUsage.ts"
import { answer as sample } from "../src/sampling/Sampling.ts"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { log, send, session, timePasses, until, watched } from "./World.ts"

const { call, text } = Chunks
const ended = (stop: "end" | "tool-calls", usage: Usage): ProviderChunk => ({ _tag: "Finish", stop, usage })
const { failing, hanging, turn } = ScriptedModel
const usage: Usage = { inputTokens: 100, outputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0 }
const done = ended("end", usage)
const answer = turn(text(0, "Done."), [done])
const asks = turn(call(0, "echo", { i: 1 }), [ended("tool-calls", usage)])
/** Only the response costs something, so that the worst case does not depend on how the input is estimated. */
const price: Price = { input: 0, output: 1e4 }
const info: Partial<ModelInfo> = { price, maxOutput: 10 }
const priced: Price = { ...price, input: 100 }
const worst = worstCost(0, 10, price)
const tool = { echo: ScriptedTools.echo }

const world = (turns: ReadonlyArray<ScriptedModel.Turn>, more: Partial<ModelInfo> = info, tools = tool) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      ScriptedModel.layer(turns, more),
      ScriptedTools.layer(tools),
      SessionManager.layerMemory,
      PromptManager.layerMemory(),
      BudgetLedger.layerMemory
    ])
  )
const within = (limits: Partial<RoundLimits>) => Effect.provideService(Limits, { ...defaults, ...limits })
const paying =
  (limits: BudgetLimits) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(BudgetLedger, (ledger) =>
      Effect.provideService(effect, Budget, { ledger, limits, workspace: "/ws" })
    )
const spent = Effect.flatMap(BudgetLedger, (ledger) => ledger.spent("/ws"))
const requests = Effect.map(ScriptedModel.Requests.all, (all) => all.length)

describe("a limit in dollars", () => {
  it.effect("of a round refuses a request whose worst case does not fit, and says how much is left", () =>
    Effect.gen(function* () {
      yield* watched
      const error = yield* Effect.flip(send("go").pipe(within({ roundCost: 2.5 * worst })))
      assert.deepInclude(error, { _tag: "CapReached", cap: "cost" })
      assert.include(
        error.message,
        "$0.05 are left of the round's limit of $0.25, but the next request could cost up to $0.10, so it was not sent"
      )
      assert.strictEqual(yield* requests, 2)
    }).pipe(Effect.provide(world([asks, asks, answer])))
  )

  it.effect("of a round admits a request whose worst case is exactly what is left", () =>
    Effect.gen(function* () {
      yield* watched
      assert.lengthOf((yield* send("go").pipe(within({ roundCost: 3 * worst }))).turns, 3)
    }).pipe(Effect.provide(world([asks, asks, answer])))
  )

  it.effect("of a session counts its earlier rounds", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("one").pipe(within({ sessionCost: 1.5 * worst }))
      const error = yield* Effect.flip(send("two").pipe(within({ sessionCost: 1.5 * worst })))
      assert.deepInclude(error, { _tag: "CapReached", cap: "sessionCost" })
      assert.strictEqual(yield* requests, 1)
    }).pipe(Effect.provide(world([answer, answer])))
  )

  it.effect("reserves the price of the tier that the input reaches", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("short").pipe(within({ roundCost: 2 * worst }))
      const error = yield* Effect.flip(send("long ".repeat(2000)).pipe(within({ roundCost: 2 * worst })))
      assert.deepInclude(error, { _tag: "CapReached", worst: 0.3 })
    }).pipe(
      Effect.provide(
        world([answer, answer], {
          ...info,
          price: { ...price, tiers: [{ inputTokensAbove: 2000, input: 0, output: 3e4 }] }
        })
      )
    )
  )

  it.effect("refuses a model whose longest response is not known, before anything is stored", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const error = yield* Effect.flip(send("go").pipe(paying({ day: 1 })))
      assert.deepInclude(error, { _tag: "PriceUnknown", unbounded: true })
      assert.include(error.message, 'models["scripted/scripted"].maxOutputTokens')
      assert.isEmpty(seen)
      assert.strictEqual(yield* requests, 0)
    }).pipe(Effect.provide(world([answer], { price })))
  )

  it.effect("holds for what servers ask: together with the conversation", () =>
    Effect.gen(function* () {
      yield* watched
      const meter = new Meter()
      const request = { server: "s", calls: [], ask: false, system: "", maxTokens: 10 }
      const asking = {
        ...request,
        messages: [{ role: "user" as const, content: [{ _tag: "Text" as const, text: "hi" }] }]
      }
      yield* send("go").pipe(Effect.provideService(Sampled, meter))
      const asked = sample(asking).pipe(Effect.provideService(Sampled, meter))
      const refused = yield* asked.pipe(within({ roundCost: 1.5 * worst }))
      assert.include(refused._tag === "Declined" ? refused.reason : "", "the next request could cost up to $0.10")
      assert.strictEqual((yield* asked.pipe(within({ roundCost: 2 * worst })))._tag, "Answered")
      assert.strictEqual(meter.held, 0)
    }).pipe(Effect.provide(world([answer, answer])))
  )
})

describe("a shared budget", () => {
  it.effect("refuses a model without a price, although no other limit is set", () =>
    Effect.gen(function* () {
      yield* watched
      assert.strictEqual((yield* Effect.flip(send("go").pipe(paying({ workspace: 5 }))))._tag, "PriceUnknown")
    }).pipe(Effect.provide(world([answer], { maxOutput: 10 })))
  )

  it.effect("admits exactly what fits, of fifty sessions at 99 % of it", () =>
    Effect.gen(function* () {
      const coordinator = yield* SessionCoordinator
      const sessions = yield* SessionManager
      const ledger = yield* BudgetLedger
      const day = 100 * worst
      yield* ledger.reserve({ workspace: "/ws", worst: 99 * worst, millis: 1e9, limits: {} })
      const ids = Array.from({ length: 50 }, (_, i) => SessionId.make(`s${i}`))
      yield* Effect.forEach(ids, (id) => sessions.create({ id, workspace: "/ws" }))
      const rounds = yield* Effect.forEach(
        ids,
        (sessionId) =>
          coordinator
            .handleMessage({ sessionId, request: "go" })
            .pipe(
              paying({ day }),
              Effect.match({ onFailure: ({ _tag }): string => _tag, onSuccess: ({ status }): string => status })
            ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(rounds.filter((outcome) => outcome === "completed").length, 1)
      assert.strictEqual(rounds.filter((outcome) => outcome === "CapReached").length, 49)
      assert.strictEqual(yield* requests, 1)
      assert.closeTo((yield* spent).day, day, 1e-9)
    }).pipe(Effect.provide(world([answer, answer])))
  )

  it.effect("is settled on what a response cost, so that the rest can be used", () =>
    Effect.gen(function* () {
      yield* watched
      yield* send("one").pipe(paying({ day: 1.4 * worst }))
      assert.closeTo((yield* spent).day, cost({ ...usage, outputTokens: 4 }, price), 1e-9)
      assert.strictEqual((yield* send("two").pipe(paying({ day: 1.4 * worst }))).status, "completed")
    }).pipe(Effect.provide(world([turn(text(0, "Done."), [ended("end", { ...usage, outputTokens: 4 })]), answer])))
  )

  it.effect("does not count requests that a provider rejects, but responses that break off", () =>
    Effect.gen(function* () {
      yield* watched
      yield* timePasses
      yield* send("go").pipe(paying({ day: 100 }))
      assert.lengthOf((yield* session).rounds[0]?.turns ?? [], 3)
      const sizes = (yield* log).flatMap(({ event }) => (event._tag === "TurnStarted" ? [event.size?.tokens ?? 0] : []))
      const half = cost({ ...usage, inputTokens: sizes[1] ?? 0, outputTokens: 2 }, priced)
      assert.closeTo((yield* spent).day, half + cost(usage, priced), 1e-9)
    }).pipe(
      Effect.provide(
        world(
          [
            failing(new Overloaded({ detail: "529" })),
            failing(new StreamBroken({ detail: "cut" }), text(0, "12345678")),
            answer
          ],
          { ...info, price: priced }
        )
      )
    )
  )

  it.effect("counts the input of a request that is cancelled before its response begins", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      const fiber = yield* Effect.forkChild(Effect.exit(send("go").pipe(paying({ day: 100 }))), {
        startImmediately: true
      })
      yield* until("TurnStarted")
      yield* coordinator.cancel(SessionId.make("session-1"))
      yield* Fiber.await(fiber)
      assert.isAbove((yield* spent).day, 0)
      assert.isBelow((yield* spent).day, 10)
    }).pipe(Effect.provide(world([hanging()], { price: { input: 1e4, output: 1e4 }, maxOutput: 10 })))
  )
})

const tiered: Price = {
  input: 0.1,
  output: 0.5,
  cacheRead: 0.01,
  cacheWrite: 0.125,
  tiers: [{ inputTokensAbove: 100_000, input: 0.5, output: 2.5, cacheRead: 0.05, cacheWrite: 0.625 }]
}

const usageOf = (i: number): Usage => ({
  inputTokens: 37 * i,
  outputTokens: i % 811,
  cacheReadTokens: 91 * i,
  cacheWriteTokens: i % 5003
})

/** The cost as a person would compute it from the price list. */
const byHand = ({ cacheReadTokens, cacheWriteTokens, inputTokens, outputTokens }: Usage): number => {
  const factor = inputTokens + cacheReadTokens + cacheWriteTokens > 100_000 ? 5 : 1
  const millionths = inputTokens * 0.1 + outputTokens * 0.5 + cacheReadTokens * 0.01 + cacheWriteTokens * 0.125
  return (factor * millionths) / 1e6
}

it.effect("usage and cost of 1,000 rounds are what the model reported, to the token and the cent, with tiers", () =>
  Effect.gen(function* () {
    const seen = yield* watched
    let reported = 0
    for (let i = 0; i < 1000; i++) yield* send(`message ${i}`)
    const folded = SessionFold.fromEvents(SessionId.make("session-1"), seen)
    const info = yield* Effect.flatMap(SessionManager, (sessions) => sessions.get(SessionId.make("session-1")))
    const total = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }
    for (let i = 0; i < 1000; i++) {
      const one = usageOf(i)
      reported += byHand(one)
      for (const key of ["inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"] as const)
        total[key] += one[key]
    }
    assert.deepStrictEqual(folded.usage, total)
    assert.deepStrictEqual(info.usage, total)
    assert.strictEqual(folded.cost?.toFixed(6), reported.toFixed(6))
    assert.strictEqual(info.cost.toFixed(6), reported.toFixed(6))
    assert.closeTo((yield* spent).day, reported, 1e-5, "and the budget agrees")
  }).pipe(
    paying({ day: 1e6 }),
    Effect.provide(
      world(
        Array.from({ length: 1000 }, (_, i) => turn(text(0, "ok"), [ended("end", usageOf(i))])),
        { price: tiered, maxOutput: 1000 }
      )
    )
  )
)
