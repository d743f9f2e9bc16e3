import { assert, describe, it } from "@effect/vitest"
import { TurnContent } from "@parley/domain/TurnContent"
import { RoundId, turnId } from "@parley/domain/Ids"
import { AnthropicResponse } from "../src/anthropic/AnthropicResponse.ts"
import {
  blockDelta,
  blockStart,
  blockStop,
  event,
  messageDelta,
  messageStart,
  messageStop,
  text
} from "@parley/harness/Events"

const read = (body: string) => {
  const response = new AnthropicResponse({ secret: "" })
  const content = new TurnContent(turnId(RoundId.make("r1"), 1))
  content.add(response.feed(new TextEncoder().encode(body)))
  content.add(response.end())
  return { failure: response.failure, content }
}

const tool = (input: unknown, ...deltas: ReadonlyArray<unknown>) =>
  messageStart() +
  blockStart(0, { type: "tool_use", id: null, name: "list", ...(input === undefined ? {} : { input }) }) +
  deltas.map((partial_json) => blockDelta(0, { type: "input_json_delta", partial_json })).join("") +
  blockStop(0) +
  messageDelta("tool_use") +
  messageStop

describe("a call without input", () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["null", tool(null)],
    ["an empty text", tool("")],
    ["nothing", tool(undefined)],
    ["an empty object", tool({})],
    ["null in a delta", tool({}, null)],
    ["the word null", tool({}, "null")],
    ["the word null after null", tool(null, "nu", "ll")],
    ["a blank delta", tool({}, " ")]
  ]
  for (const [name, body] of cases)
    it(`has the input {}: ${name}`, () => {
      const { content, failure } = read(body)
      assert.isUndefined(failure)
      assert.deepInclude(content.blocks()[0], { _tag: "ToolCall", input: "{}", providerId: "" })
    })

  it("a call with input keeps it, wherever the input is sent", () => {
    assert.deepInclude(read(tool({ a: null })).content.blocks()[0], { input: '{"a":null}' })
    assert.deepInclude(read(tool(null, '{"a":1}')).content.blocks()[0], { input: '{"a":1}' })
    // Any other input is kept unchanged.
    assert.deepInclude(read(tool("x")).content.blocks()[0], { input: '"x"' })
  })
})

describe("null anywhere in an event", () => {
  const start = (message: object) =>
    event({
      type: "message_start",
      message: {
        id: null,
        type: null,
        role: null,
        model: null,
        content: null,
        stop_reason: null,
        usage: null,
        ...message
      },
      request_id: null
    })

  it("means the same as a missing member", () => {
    const usage = {
      input_tokens: null,
      output_tokens: 3,
      cache_read_input_tokens: null,
      cache_creation_input_tokens: null,
      server_tool_use: null
    }
    const { content, failure } = read(
      start({ usage }) +
        blockStart(0, { type: "thinking", thinking: null, signature: null }) +
        blockDelta(0, { type: "thinking_delta", thinking: null }) +
        blockDelta(0, { type: "signature_delta", signature: "s" }) +
        blockDelta(0, { type: "signature_delta", signature: null }) +
        blockStop(0) +
        blockStart(1, { type: "text", text: null, citations: null }) +
        blockDelta(1, { type: "text_delta", text: null }) +
        blockDelta(1, { type: "text_delta", text: "hi" }) +
        blockStop(1) +
        event({
          type: "message_delta",
          delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null },
          usage: null
        }) +
        event({ type: "message_delta", delta: null, usage: { output_tokens: 5, input_tokens: null } }) +
        messageStop
    )
    assert.isUndefined(failure)
    assert.deepStrictEqual(
      content.blocks().map(({ _tag }) => _tag),
      ["Thinking", "Text"]
    )
    assert.deepInclude(content.blocks()[0], { raw: '{"type":"thinking","thinking":"","signature":"s"}' })
    assert.deepInclude(content.finish, { stop: "end" })
    assert.notProperty(content.finish, "responseId")
    assert.deepInclude(content.usage, { inputTokens: 0, outputTokens: 5 })
  })

  it("an error of nulls is a failure with a readable message", () => {
    for (const error of [null, { type: null, message: null, details: null }])
      assert.strictEqual(
        read(messageStart() + text(0, "x") + event({ type: "error", error, request_id: null })).failure?._tag,
        "StreamBroken"
      )
  })
})
