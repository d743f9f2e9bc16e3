import { assert, describe, it } from "@effect/vitest"
import type { CallProgress } from "@parley/mcp/CallProgress"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Output } from "../src/output/Output.ts"
import * as NoticeText from "../src/output/NoticeText.ts"
import * as ToolProgress from "../src/consent/ToolProgress.ts"

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

describe("the progress of a tool", () => {
  it.effect("is a percentage between 0 and 100 when the total is known", () =>
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

  it.effect("is shown at most once per second and tool", () =>
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

  it.effect("is not shown without a person, or while a question is open", () =>
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

it("a server that is slow to start is reported, with the launcher that may be downloading it", () => {
  const of = (seconds: number, launcher: string | undefined) =>
    NoticeText.lines({ _tag: "ServerStarting", server: "a", seconds, launcher })
  assert.deepStrictEqual(of(3, undefined), ["starting server a: 3 s"])
  assert.deepStrictEqual(of(6, "npx"), ["starting server a: 6 s; the first start of npx may download the package"])
})
