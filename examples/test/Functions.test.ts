import { ScriptedModel } from "@parley/testing"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Parley, program } from "../functions.ts"

it.effect("the functions of an application are called, and their results reach the model", () =>
  Effect.gen(function* () {
    const round = yield* program
    const requests = yield* ScriptedModel.Requests.all
    assert.deepStrictEqual(
      requests[0]?.tools.map(({ name }) => name),
      ["shop__level", "shop__order", "weather__forecast"]
    )
    const results = (requests[1]?.messages ?? [])
      .flatMap(({ content }) => content)
      .flatMap((block) =>
        block._tag === "ToolResult"
          ? [[block.isError, block.content.map((part) => (part._tag === "Text" ? part.text : "")).join("")]]
          : []
      )
    assert.deepStrictEqual(results.slice(0, 2), [
      [false, "12 left"],
      [true, `We do not sell pears {"item":"pears"}`]
    ])
    assert.match(String(results[2]?.[1]), /^Ordered 3 apples as \S+\/\S+\/\S+\/\S+$/)
    assert.deepStrictEqual(results[3], [false, '{"sunny":true}'])
    assert.deepStrictEqual(round.turns.at(-1)?.content, [
      { _tag: "Text", text: "Twelve apples are left, and three more will come." }
    ])
  }).pipe(Effect.provide(Parley))
)
