import { assert, describe, it } from "@effect/vitest"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ModelProvider } from "../src/contract/ModelProvider.ts"
import { joined } from "../src/request/Pieces.ts"
import { chat, responses } from "./support/OpenAi.ts"
import { provider, request } from "./support/Turn.ts"

const closed = { type: "object", properties: { a: { type: "string", minLength: 1 } }, required: ["a"] }
const form = {
  type: "object",
  properties: { a: { type: "string", description: "{minLength: 1}" } },
  required: ["a"],
  additionalProperties: false
}
const tool = (name: string, inputSchema: ToolDefinition["inputSchema"], strict = true): ToolDefinition => ({
  name,
  server: "s",
  tool: name,
  description: "d",
  inputSchema,
  ...(strict ? { strict } : {})
})
const tools = [
  tool("marked", closed),
  tool("plain", closed, false),
  tool("optional", { ...closed, required: [] }),
  tool("choice", { anyOf: [closed, closed] })
]

const Sent = Schema.Struct({ tools: Schema.Array(Schema.Record(Schema.String, Schema.Json)) })
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Sent))

/** The tools as the provider would send them. */
const sent = (of: ModelProvider, model: string, tools: ReadonlyArray<ToolDefinition>) => {
  const pieces = of.render?.({ ...request(undefined, { tools }), model: { provider: "p", model } }) ?? []
  return Option.getOrThrow(decode(joined(pieces))).tools
}
const anthropic = provider("https://api.anthropic.com")

describe("a strict tool", () => {
  it("is sent as strict by OpenAI's APIs if its schema fits, and as it is otherwise", () => {
    const seen = sent(responses("https://api.openai.com/v1"), "gpt-6-luna", tools)
    assert.deepStrictEqual(
      seen.map(({ name, strict }) => [name, strict]),
      [
        ["marked", true],
        ["plain", false],
        ["optional", false],
        ["choice", false]
      ]
    )
    assert.deepStrictEqual([seen[0]?.["parameters"], seen[1]?.["parameters"]], [form, closed])
    const [first] = sent(chat("http://127.0.0.1:1/v1"), "m", tools)
    assert.deepStrictEqual(first?.["function"], { name: "marked", description: "d", parameters: form, strict: true })
  })

  it("is sent as strict by Anthropic's API to models that take it", () => {
    const seen = sent(anthropic, "claude-opus-5-5", tools)
    assert.deepStrictEqual(seen[0], { name: "marked", description: "d", input_schema: form, strict: true })
    assert.deepStrictEqual(
      seen.slice(1).map(({ input_schema, strict }) => [strict, input_schema]),
      [
        [undefined, closed],
        [undefined, { ...closed, required: [] }],
        [undefined, {}]
      ]
    )
    assert.isUndefined(sent(anthropic, "claude-sonnet-4-20250514", tools)[0]?.["strict"])
  })

  it("at most 20 are strict, because the API refuses more", () => {
    const many = Array.from({ length: 25 }, (_, i) => tool(`t${i}`, closed))
    assert.lengthOf(
      sent(anthropic, "claude-opus-5-5", many).filter(({ strict }) => strict === true),
      20
    )
  })
})
