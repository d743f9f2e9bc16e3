import { Environment } from "@parley/domain/Environment"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { talk } from "./support/Talk.ts"
import { checkInvariants, log, send, sessionId, watched } from "./World.ts"

const sent = (request: ModelRequest | undefined) => JSON.stringify(request?.messages)

it.effect("the state of the workspace is sent when it has changed, outside of the baseline, and taints", () => {
  const requests: Array<ModelRequest> = []
  let state: string | undefined = "Branch: main"
  const optional = Layer.succeed(Environment, { timeZone: "UTC", state: Effect.sync(() => state) })
  return Effect.gen(function* () {
    const seen = yield* watched
    const coordinator = yield* SessionCoordinator
    yield* send("one")
    yield* send("two")
    state = "Branch: other"
    yield* send("three")
    state = undefined
    yield* send("four")
    assert.deepStrictEqual(
      requests.map((request) => [
        sent(request).split("Branch: main").length - 1,
        sent(request).includes("Branch: other")
      ]),
      [
        [1, false],
        [1, false],
        [1, true],
        [1, true]
      ]
    )
    assert.include(sent(requests[3]), "is no longer there")
    assert.strictEqual(new Set(requests.map(({ system }) => system)).size, 1, "the baseline stays the same")
    state = "Branch: main"
    const { manifest } = yield* coordinator.buildContext(sessionId, "five")
    const own = manifest.find(({ source }) => source === "dynamic:workspace-state" && source.length > 0)
    assert.strictEqual(own?.provenance, "outside")
    assert.strictEqual((yield* log).filter(({ event }) => event._tag === "ContextCallRequested").length, 0)
    yield* checkInvariants(seen)
  }).pipe(Effect.provide(talk(requests, { optional })))
})
