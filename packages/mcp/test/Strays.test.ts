import { assert, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { makeStrays, type Stray } from "../src/Strays.ts"

it.effect("a server is warned of once, however often it is started again", () =>
  Effect.gen(function* () {
    const logged: Array<string> = []
    const warned = new Set<Stray>()
    const life = Effect.gen(function* () {
      const strays = yield* makeStrays("s", warned)
      strays("noise")
      strays("noise")
      // Whoever writes it down has a turn of their own.
      yield* Effect.repeat(Effect.yieldNow, { times: 20 })
    }).pipe(
      Effect.scoped,
      Effect.provide(Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))]))
    )
    yield* life
    const words = "the MCP server s wrote to its standard output what is no message: that is ignored"
    assert.deepStrictEqual(logged, [words])
    yield* life
    assert.deepStrictEqual(logged, [words])
  })
)
