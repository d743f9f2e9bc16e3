import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { textOf } from "@parley/domain/Content"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { checkInvariants, send, watched, world } from "./World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel
const answer = turn(text(0, "Done."), [finish()])
const asking = (input: string) => world([turn(call(0, "echo", input), [finish("tool-calls")]), answer])

describe("tool input", () => {
  for (const [name, input, problem] of [
    ["that is too large", `{"a":"${"x".repeat(1024 * 1024)}"}`, "larger than 1048576 bytes"],
    ["that is too deep", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, "deeper than 128 levels"],
    ["that is an array", "[1]", "not a JSON object"],
    ["with a number that JavaScript has not", '{"a":1e400}', "not a JSON object"]
  ] as const)
    it.effect(`${name} is rejected with advice before the tool is started`, () =>
      Effect.gen(function* () {
        const seen = yield* watched
        const round = yield* send("go")
        assert.strictEqual(round.status, "completed")
        const [outcome] = (round.turns[0]?.toolCalls ?? []).map(({ outcome }) => outcome)
        const said = outcome?._tag === "Failed" ? textOf(outcome.content) : ""
        assert.include(said, problem)
        assert.include(said, "nothing was run. Send")
        assert.isEmpty((yield* ScriptedTools.Calls).started)
        yield* checkInvariants(seen)
      }).pipe(Effect.provide(asking(input)))
    )

  it.effect("that contains __proto__ is a plain value", () =>
    Effect.gen(function* () {
      const seen = yield* watched
      const round = yield* send("go")
      const [outcome] = (round.turns[0]?.toolCalls ?? []).map(({ outcome }) => outcome)
      assert.strictEqual(
        outcome?._tag === "Succeeded" ? textOf(outcome.content) : "",
        '{"__proto__":{"polluted":true},"a":1}'
      )
      assert.isFalse("polluted" in {})
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(asking('{"__proto__": {"polluted": true}, "a": 1}')))
  )
})
