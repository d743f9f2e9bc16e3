// How users test their own manager: the contract suite for the interface, and the invariants for whole sessions.
import { SessionManager } from "@parley/domain/SessionManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Arbitraries, Invariants, ScriptedModel, ScriptedTools, Scripts, Waiting } from "@parley/testing"
import * as SessionManagerContract from "@parley/testing/SessionManagerContract"
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer } from "effect"

/** A store that counts appended events, as an example of a custom implementation. */
const counting = (counter: { appended: number }): Layer.Layer<SessionManager> =>
  Layer.effect(
    SessionManager,
    Effect.map(SessionManager, (sessions) =>
      SessionManager.of({
        ...sessions,
        append: (id, at, events) => {
          counter.appended += events.length
          return sessions.append(id, at, events)
        }
      })
    )
  ).pipe(Layer.provide(SessionManager.layerMemory))

SessionManagerContract.suite("a store of our own", { layer: counting({ appended: 0 }) })

it.effect.prop("keeps the invariants of every session", [Arbitrary.schema(Arbitraries.Script)], ([script]) => {
  const counter = { appended: 0 }
  return Effect.gen(function* () {
    const sessions = yield* SessionManager
    const coordinator = yield* SessionCoordinator
    const { id } = yield* sessions.create({})
    yield* Waiting.passes(id)
    yield* Effect.exit(coordinator.handleMessage({ sessionId: id, request: "go" }))
    const log = yield* sessions.read(id, 0)
    assert.deepStrictEqual(Invariants.settledOnce(log), [])
    assert.deepStrictEqual(Invariants.legalRequests(yield* ScriptedModel.Requests.all), [])
    assert.isAtLeast(counter.appended, log.length)
  }).pipe(
    Effect.provide(
      SessionCoordinator.layer.pipe(
        Layer.provideMerge([
          counting(counter),
          ScriptedModel.layer(Scripts.turns(script)),
          ScriptedTools.layer(Scripts.tools),
          PromptManager.layerMemory()
        ])
      ),
      { local: true }
    )
  )
})
