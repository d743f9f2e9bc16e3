import { assert, describe, it } from "@effect/vitest"
import type { CallProgress } from "@parley/mcp/Progress"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Output } from "../src/Output.ts"
import * as SlowStarts from "../src/SlowStarts.ts"
import * as ToolProgress from "../src/ToolProgress.ts"

/** Keeps what is said on standard error, and in which way. */
const recording = () => {
  const said: Array<string> = []
  const keep = (how: string) => (text: string) => Effect.sync(() => void said.push(`${how} ${text}`))
  const layer = Layer.succeed(Output, {
    text: keep("text"),
    line: keep("line"),
    note: keep("note"),
    aside: keep("aside"),
    ask: keep("ask")
  })
  return { said, layer }
}

const report = (more: Partial<CallProgress> = {}): CallProgress => ({ server: "s", tool: "s__t", progress: 1, ...more })

/** What is shown of reports while a person is there, is not, or is being asked. */
const showing = (person: { available: boolean; asking: boolean }) => {
  const { layer, said } = recording()
  const questions = { available: person.available, asking: () => person.asking, ask: () => Effect.undefined }
  return Effect.map(Effect.provide(ToolProgress.make(questions), layer), (show) => ({ show, said }))
}

describe("how far a tool has got", () => {
  it.effect("is a share of the whole, of which there is none beyond it or below nothing", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [Partial<CallProgress>, string]> = [
        [{ progress: 7 }, "7"],
        [{ progress: 7, total: 0 }, "7"],
        [{ progress: 1, total: 3 }, "33 %"],
        [{ progress: 4, total: 3 }, "100 %"],
        [{ progress: -1, total: 3 }, "0 %"],
        [{ progress: 1, total: 2, message: "half" }, "50 % half"]
      ]
      for (const [some, words] of cases) {
        const { said, show } = yield* showing({ available: true, asking: false })
        show(report(some))
        yield* Effect.yieldNow
        assert.deepStrictEqual(said, [`aside … s__t ${words}`])
      }
    })
  )

  it.effect("is said of each tool once in a second", () =>
    Effect.gen(function* () {
      const { said, show } = yield* showing({ available: true, asking: false })
      const seen = Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => said.splice(0))
      )
      show(report({ progress: 1 }))
      show(report({ progress: 2 }))
      show(report({ tool: "s__other", progress: 3 }))
      assert.deepStrictEqual(yield* seen, ["aside … s__t 1", "aside … s__other 3"])
      yield* TestClock.adjust("999 millis")
      show(report({ progress: 4 }))
      assert.deepStrictEqual(yield* seen, [])
      yield* TestClock.adjust("1 millis")
      show(report({ progress: 5 }))
      assert.deepStrictEqual(yield* seen, ["aside … s__t 5"])
    })
  )

  it.effect("is not said where there is no person, or while one is asked something", () =>
    Effect.gen(function* () {
      const none = yield* showing({ available: false, asking: false })
      none.show(report())
      const person = { available: true, asking: true }
      const asked = yield* showing(person)
      asked.show(report())
      yield* Effect.yieldNow
      assert.deepStrictEqual([none.said, asked.said], [[], []])
      person.asking = false
      asked.show(report())
      yield* Effect.yieldNow
      assert.deepStrictEqual(asked.said, ["aside … s__t 1"], "what was not said takes up no turn")
    })
  )
})

it.effect("a server that is slow to start is told of, with what may be downloading it", () =>
  Effect.gen(function* () {
    const { layer, said } = recording()
    const tell = yield* Effect.provide(SlowStarts.make, layer)
    tell({ server: "a", seconds: 3, launcher: undefined })
    tell({ server: "b", seconds: 6, launcher: "npx" })
    yield* Effect.yieldNow
    assert.deepStrictEqual(said, [
      "note parley: starting server a: 3 s",
      "note parley: starting server b: 6 s; the first start of npx may download the package"
    ])
    const silent = yield* SlowStarts.make
    silent({ server: "a", seconds: 3, launcher: undefined })
  })
)
