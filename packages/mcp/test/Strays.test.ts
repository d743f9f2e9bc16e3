import { assert, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { makeStrays, type Stray } from "../src/transport/ProtocolNoise.ts"

it.effect("a warning about a server is logged once, however often the server is restarted", () =>
  Effect.gen(function* () {
    const logged: Array<string> = []
    const warned = new Set<Stray>()
    const life = Effect.gen(function* () {
      const strays = yield* makeStrays("s", warned)
      strays("noise")
      strays("noise")
      // The log is written by another fiber, so let it run.
      yield* Effect.repeat(Effect.yieldNow, { times: 20 })
    }).pipe(
      Effect.scoped,
      Effect.provide(Logger.layer([Logger.make(({ message }) => void logged.push(String(message)))]))
    )
    yield* life
    const words =
      "the MCP server s wrote something to its standard output that is not a protocol message; it was ignored"
    assert.deepStrictEqual(logged, [words])
    yield* life
    assert.deepStrictEqual(logged, [words])
  })
)
