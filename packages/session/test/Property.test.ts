import { Arbitraries, ScriptedModel, Scripts, SlowSessions } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Exit, Fiber, Result } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { checkInvariants, log, send, sessionId, timePasses, watched, world } from "./World.ts"

const script = Arbitrary.schema(Arbitraries.Script)
const interruption = Arbitrary.schema(Arbitraries.Interruption)
const disk = Arbitrary.schema(Arbitraries.DiskSteps)
// Each property; larger campaigns raise it.
const runs = 300

/** A world of its own for each run: the script again for each message, tools of every kind, and a disk that takes time. */
const played = (script: Arbitraries.Script, messages: number, diskSteps: number) =>
  Effect.provide(
    world(
      Array.from({ length: messages }, () => Scripts.turns(script)).flat(),
      Scripts.tools,
      undefined,
      SlowSessions.layer(diskSteps)
    ),
    { local: true }
  )

/** The session takes the next message, and everything that ever holds still holds. */
const goesOn = Effect.gen(function* () {
  const before = (yield* ScriptedModel.Requests.all).length
  const round = yield* Effect.result(send("and now?"))
  // Our own check of requests would hide a history that can never be sent again.
  assert.isAbove((yield* ScriptedModel.Requests.all).length, before, "the next message reaches the model")
  const last = (yield* log).at(-1)
  assert.include(["RoundCompleted", "RoundFailed"], last?.event._tag)
  assert.strictEqual(Result.isSuccess(round), last?.event._tag === "RoundCompleted")
})

it.effect.prop(
  "any script, run to its end, keeps every invariant and leaves a usable session",
  [script, disk],
  ([script, disk]) =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      yield* Effect.exit(send("go"))
      yield* goesOn
      yield* checkInvariants(seen)
    }).pipe(played(script, 2, disk)),
  { arbitrary: { runs } }
)

it.effect.prop(
  "interrupted at any step, every call is settled once, the round is closed and the next request is legal",
  [script, interruption, disk],
  ([script, steps, disk]) =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      for (let i = 0; i < steps; i++) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      const closed = (yield* log).at(-1)?.event._tag
      if (closed !== undefined) assert.include(["RoundCompleted", "RoundFailed", "RoundCancelled"], closed)
      yield* goesOn
      yield* checkInvariants(seen)
    }).pipe(played(script, 3, disk)),
  { arbitrary: { runs } }
)

it.effect.prop(
  "cancel at any step returns the closed round, and cancelling again changes nothing",
  [script, interruption, disk],
  ([script, steps, disk]) =>
    Effect.gen(function* () {
      const seen = yield* watched
      yield* timePasses
      const coordinator = yield* SessionCoordinator
      const fiber = yield* Effect.forkChild(send("go"), { startImmediately: true })
      for (let i = 0; i < steps; i++) yield* Effect.yieldNow
      yield* coordinator.cancel(sessionId)
      yield* coordinator.cancel(sessionId)
      const exit = yield* Fiber.await(fiber)
      const last = (yield* log).at(-1)?.event._tag
      if (last === "RoundCancelled") assert.strictEqual(Exit.isSuccess(exit) && exit.value.status, "cancelled")
      yield* checkInvariants(seen)
    }).pipe(played(script, 1, disk)),
  { arbitrary: { runs } }
)

it.effect("sends exactly as many requests as the script has turns", () =>
  Effect.gen(function* () {
    yield* watched
    yield* timePasses
    yield* send("go")
    assert.lengthOf(yield* ScriptedModel.Requests.all, 6)
  }).pipe(
    Effect.provide(
      world(
        Scripts.turns({
          turns: [
            { attempts: ["overloaded", "broken"], texts: ["a"], thinks: true, tools: ["echo", "dies", "slower"] },
            { attempts: ["silent"], texts: [], thinks: false, tools: ["unknown", "malformed"] }
          ],
          ending: "answer"
        }),
        Scripts.tools
      )
    )
  )
)
