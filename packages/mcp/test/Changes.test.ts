import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeChanges, noChanges } from "../src/transport/Changes.ts"

describe("a notification that a list has changed", () => {
  it.effect("is received once, however often it was sent", () =>
    Effect.gen(function* () {
      const { changes, notify } = yield* makeChanges
      for (let i = 0; i < 3; i++) notify()
      yield* changes.next
      const again = yield* Effect.forkChild(changes.next, { startImmediately: true })
      assert.isUndefined(again.pollUnsafe())
      notify()
      yield* Fiber.join(again)
    })
  )

  it.effect("can be discarded, also if there is none", () =>
    Effect.gen(function* () {
      const { changes, notify } = yield* makeChanges
      yield* changes.discard
      notify()
      yield* changes.discard
      const next = yield* Effect.forkChild(changes.next, { startImmediately: true })
      assert.isUndefined(next.pollUnsafe())
      notify()
      yield* Fiber.join(next)
    })
  )

  it.effect("never arrives from a server that offers nothing", () =>
    Effect.gen(function* () {
      yield* noChanges.discard
      const waiting = yield* Effect.forkChild(noChanges.next, { startImmediately: true })
      assert.isUndefined(waiting.pollUnsafe())
    })
  )
})
