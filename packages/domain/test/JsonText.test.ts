import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { TurnId } from "../src/Ids.ts"
import { wellFormed } from "../src/JsonText.ts"
import { TurnContent } from "../src/TurnContent.ts"

// Strings of any code units, half characters among them.
const Units = Schema.Array(
  Schema.Union([
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff })),
    Schema.Literals([0xd83d, 0xdc00, 0x5c, 0x75, 0x22, 0x64])
  ])
)

describe("JSON text without lone surrogates", () => {
  it.prop("decodes to the original value with lone surrogates replaced", [Units], ([units]) => {
    const text = String.fromCharCode(...units)
    const json = wellFormed(JSON.stringify({ text }))
    assert.deepStrictEqual(JSON.parse(json), { text: text.toWellFormed() })
    assert.isTrue(json.isWellFormed())
  })

  it.each([
    ["a pair of escapes stays", String.raw`{"a":"\ud83d\ude00"}`, String.raw`{"a":"\ud83d\ude00"}`],
    ["half a pair goes", String.raw`{"a":"\uD83D x \ude00"}`, String.raw`{"a":"\ufffd x \ufffd"}`],
    ["two first halves go", String.raw`"\ud83d\ud83d\ude00"`, String.raw`"\ufffd\ud83d\ude00"`],
    ["an escaped backslash is no escape", String.raw`{"a":"\\ud83d"}`, String.raw`{"a":"\\ud83d"}`],
    ["half of a malformed text goes too", String.raw`{"a":"\ud83d`, String.raw`{"a":"\ufffd`]
  ])("%s", (_, is, becomes) => {
    assert.strictEqual(wellFormed(is), becomes)
  })

  it("is stored as the input of a tool call", () => {
    const content = new TurnContent(TurnId.make("r1t1"))
    content.add([
      { _tag: "ToolCallStart", index: 0, providerId: "a", name: "echo" },
      { _tag: "ToolInputDelta", index: 0, json: String.raw`{"a":"\ud8` },
      { _tag: "ToolInputDelta", index: 0, json: String.raw`3d!"}` }
    ])
    const [call] = content.blocks()
    assert.strictEqual(call?._tag === "ToolCall" ? call.input : "", String.raw`{"a":"\ufffd!"}`)
  })
})
