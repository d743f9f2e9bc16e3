import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { Answer, answers, outputWorld, right, says, wrong } from "./support/OutputWorld.ts"
import { checkInvariants, log, send, session, sessionId, watched } from "./World.ts"

const { call, finish } = Chunks
const { turn } = ScriptedModel

/** A process that dies at its `last` append: before it reaches the store, or after it. Nothing of it runs on. */
const dying = (last: number, after: boolean) =>
  Effect.gen(function* () {
    const sessions = yield* SessionManager
    const [life, leases] = [yield* Scope.make(), yield* Scope.make()]
    let appends = 0
    const built = yield* Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
      Effect.provideService(SessionManager, {
        ...sessions,
        acquire: (id) => Scope.provide(sessions.acquire(id), leases),
        append: (id, at, events) =>
          Effect.suspend(() => {
            if (++appends < last) return sessions.append(id, at, events)
            if (appends > last) return Effect.never
            return after ? Effect.andThen(sessions.append(id, at, events), Effect.never) : Effect.never
          })
      }),
      Scope.provide(life)
    )
    const coordinator = Context.get(built, SessionCoordinator)
    const fiber = yield* Effect.forkIn(
      coordinator.handleMessage({ sessionId, request: "Who?", output: Answer }),
      life,
      { startImmediately: true }
    )
    yield* Effect.repeat(Effect.yieldNow, { times: 400 })
    yield* Scope.close(leases, Exit.void)
    return { reached: appends >= last, ended: fiber.pollUnsafe() !== undefined }
  })

const calling = turn(call(0, "echo"), [finish("tool-calls")])
type Form = "native" | "tool"
const turns: { readonly [F in Form]: ReadonlyArray<ScriptedModel.Turn> } = {
  native: [calling, says(wrong), says(right)],
  tool: [calling, answers(wrong), answers(right)]
}

/** What the next process sees: each turn may have been sent, so the model answers the next request whatever it was. */
const patient = (form: Form) => [...turns[form], ...Array.from({ length: 4 }, () => says("Fine."))]

describe("a round with an output schema survives the death of its process at every write, also while it is corrected", () => {
  for (const form of ["native", "tool"] as const)
    for (const after of [false, true])
      it.effect(`${form}, ${after ? "after" : "before"} the write`, () =>
        Effect.gen(function* () {
          let points = 0
          let rejected = 0
          for (let last = 1; ; last++) {
            const isReached = yield* Effect.gen(function* () {
              const seen = yield* watched
              const { ended, reached } = yield* dying(last, after)
              if (!reached) return false
              assert.isFalse(ended, `write ${last}`)
              rejected += (yield* log).filter(({ event }) => event._tag === "OutputRejected").length
              const coordinator = yield* SessionCoordinator
              yield* coordinator.recover
              const before = (yield* session).rounds[0]
              // The answer and the end of the round are one write: there is never one without the other.
              assert.strictEqual(before?.output !== undefined, before?.status === "completed", `write ${last}`)
              assert.strictEqual((yield* send("And now?")).status, "completed", `write ${last}`)
              yield* checkInvariants(seen)
              return true
            }).pipe(Effect.provide(outputWorld(patient(form), form), { local: true }), Effect.scoped)
            if (!isReached) break
            points++
          }
          assert.isAtLeast(points, 9)
          assert.isAtLeast(rejected, 2)
        })
      )
})
