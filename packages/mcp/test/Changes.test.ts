import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeChanges, noChanges } from "../src/internal/Changes.ts"

describe("that a server's offers have changed", () => {
  it.effect("is heard once, however often it was said", () =>
    Effect.gen(function* () {
      const { changes, notify } = yield* makeChanges
      for (let i = 0; i < 3; i++) notify()
      yield* changes.heard
      const again = yield* Effect.forkChild(changes.heard, { startImmediately: true })
      assert.isUndefined(again.pollUnsafe())
      notify()
      yield* Fiber.join(again)
    })
  )

  it.effect("can be forgotten, also where nothing was said", () =>
    Effect.gen(function* () {
      const { changes, notify } = yield* makeChanges
      yield* changes.forget
      notify()
      yield* changes.forget
      const next = yield* Effect.forkChild(changes.heard, { startImmediately: true })
      assert.isUndefined(next.pollUnsafe())
      notify()
      yield* Fiber.join(next)
    })
  )

  it.effect("is never said by a server that offers nothing", () =>
    Effect.gen(function* () {
      yield* noChanges.forget
      const waiting = yield* Effect.forkChild(noChanges.heard, { startImmediately: true })
      assert.isUndefined(waiting.pollUnsafe())
    })
  )
})
