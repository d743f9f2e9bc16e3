import { InvalidMessage } from "@parley/domain/Errors"
import type { Pin } from "@parley/prompt/Pins"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { log, sessionId, watched, world } from "./World.ts"

type Coordinator = SessionCoordinator["Service"]
const refused = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, InvalidMessage)
    return error.message
  })
const pin = (coordinator: Coordinator, text: string) => coordinator.pin(sessionId, { kind: "goal", text })
const pinned = Effect.map(log, (entries) =>
  entries.flatMap(({ event }) => (event._tag === "Pinned" ? [[event.text, event.provenance]] : []))
)

describe("pinned texts", () => {
  it.effect("count as the user's, are trimmed, and are pinned only once", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      yield* pin(coordinator, " never\n")
      assert.deepStrictEqual(yield* pinned, [["never", "user"]])
      assert.include(yield* refused(pin(coordinator, "never ")), "already pinned")
      const restarted = Context.get(yield* Layer.build(Layer.fresh(SessionCoordinator.layer)), SessionCoordinator)
      assert.include(yield* refused(pin(restarted, "never")), "already pinned", "also after a restart")
      yield* coordinator.pin(sessionId, { kind: "goal", text: "theirs", provenance: "outside" })
      assert.deepStrictEqual((yield* pinned).at(-1), ["theirs", "outside"])
      const pins: ReadonlyArray<Pin> = [
        { kind: "goal", text: "never", provenance: "user" },
        { kind: "goal", text: "theirs", provenance: "outside" }
      ]
      assert.deepStrictEqual(yield* coordinator.pins(sessionId), pins)
      yield* coordinator.unpin(sessionId, "never")
      assert.deepStrictEqual(yield* coordinator.pins(sessionId), pins.slice(1))
    }).pipe(Effect.scoped, Effect.provide(world([])))
  )

  it.effect("are not empty and have at most 4000 characters", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      for (const nothing of ["", " \n\t"]) assert.include(yield* refused(pin(coordinator, nothing)), "nothing to pin")
      assert.include(yield* refused(pin(coordinator, "x".repeat(4001))), "at most 4000 characters")
      assert.isEmpty(yield* log)
      yield* pin(coordinator, "x".repeat(4000))
      assert.lengthOf(yield* pinned, 1)
    }).pipe(Effect.provide(world([])))
  )

  it.effect("are unpinned by their exact text, once", () =>
    Effect.gen(function* () {
      yield* watched
      const coordinator = yield* SessionCoordinator
      yield* pin(coordinator, "never")
      assert.include(yield* refused(coordinator.unpin(sessionId, "nev")), "This text is not pinned")
      yield* coordinator.unpin(sessionId, " never ")
      assert.include(yield* refused(coordinator.unpin(sessionId, "never")), "This text is not pinned")
      yield* pin(coordinator, "never")
      assert.lengthOf(yield* pinned, 2)
    }).pipe(Effect.provide(world([])))
  )
})
