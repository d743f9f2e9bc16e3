import { assert } from "@effect/vitest"
import { data, say, think } from "../../packages/harness/src/wires/Step.ts"
import { called, chunk, end, event, one, part, stops } from "./events.ts"
import { by, eventsOf, type Trap } from "./trap.ts"

const chat = (row: string, name: string, body: ReadonlyArray<string>, end: string, line?: string): Trap => ({
  row,
  name,
  of: by({ "OpenAI Chat": body }),
  end,
  ...(line === undefined ? {} : { line })
})

/** What the SDKs of the providers pass through, hide, or fail at. */
export const sdkTraps: ReadonlyArray<Trap> = [
  chat(
    "SDK",
    "calls without id and index",
    [called(one("echo", "{}")), called(one("9lives", "{}")), ...end()],
    "tool-calls",
    "[r1t1c1 call_1 echo {}][r1t1c2 call_2 9lives {}]"
  ),
  chat(
    "SDK",
    "the same index for two ids",
    [called(one("echo", "{}", { index: 0, id: "x" })), called(one("echo", '{"a":1}', { index: 0, id: "y" })), ...end()],
    "tool-calls",
    '[r1t1c1 x echo {}][r1t1c2 y echo {"a":1}]'
  ),
  chat(
    "SDK",
    "an id that every piece repeats",
    [called(one("echo", '{"a"', { index: 0, id: "x" })), called(one("", ":1}", { index: 0, id: "x" })), ...end()],
    "tool-calls",
    '[r1t1c1 x echo {"a":1}]'
  ),
  chat(
    "SDK",
    "ids without an index, whose pieces alternate",
    [
      called(one("echo", '{"a":', { id: "x" })),
      called(one("9lives", "{", { id: "y" })),
      called({ id: "x", function: { arguments: "1}" } }),
      called({ id: "y", function: { arguments: "}" } }),
      ...end()
    ],
    "tool-calls",
    '[r1t1c1 x echo {"a":1}][r1t1c2 y 9lives {}]'
  ),
  chat(
    "SDK",
    "an index without an id",
    [called(one("echo", '{"a"', { index: 0 })), called({ index: 0, function: { arguments: ":1}" } }), ...end()],
    "tool-calls",
    '[r1t1c1 call_1 echo {"a":1}]'
  ),
  chat(
    "SDK",
    "a second name on the same index",
    [called(one("echo", "{}", { index: 0 })), called(one("9lives", "{}", { index: 0 })), ...end()],
    "tool-calls",
    "[r1t1c1 call_1 echo {}][r1t1c2 call_2 9lives {}]"
  ),
  chat(
    "SDK",
    "calls although the reason is stop",
    [called(one("echo", "{}", { index: 0, id: "x" })), ...end("stop")],
    "tool-calls",
    "[r1t1c1 x echo {}]"
  ),
  chat(
    "SDK",
    "[DONE] without a finish reason",
    [chunk({ content: "half" }), "data: [DONE]\n\n"],
    "StreamBroken",
    "half"
  ),
  chat("SDK", "a finish reason without [DONE]", [chunk({ content: "x" }), chunk({}, "stop")], "end", "x"),
  chat(
    "SDK",
    "an error that is a text",
    [chunk({ content: "half" }), data({ error: "runner stopped" })],
    "StreamBroken",
    "half"
  ),
  {
    row: "SDK",
    name: "response.incomplete within input",
    of: by({
      "OpenAI Responses": [
        event("response.output_item.added", {
          output_index: 0,
          item: { type: "function_call", call_id: "x", name: "echo" }
        }),
        event("response.function_call_arguments.delta", { output_index: 0, delta: '{"a' }),
        event("response.incomplete", { response: { incomplete_details: { reason: "max_output_tokens" } } })
      ]
    }),
    end: "length",
    line: '[r1t1c1 x echo {"a]'
  },
  {
    row: "SDK",
    name: "an error event",
    of: by({
      "OpenAI Responses": [event("error", { code: "rate_limit_exceeded", message: "x" })],
      Anthropic: [event("error", { error: { type: "rate_limit_error" } })]
    }),
    end: "RateLimited"
  },
  {
    row: "SDK",
    name: "encrypted reasoning is sent back without its text",
    of: (wire) =>
      wire.name === "OpenAI Responses"
        ? { body: eventsOf(wire, { steps: [think("hm"), say("x")], piece: 9 }) }
        : undefined,
    end: "end",
    check: ({ turn }) =>
      assert.deepInclude(turn.blocks()[0], {
        raw: '{"type":"reasoning","id":"rs_0","summary":[],"encrypted_content":"ZW5jcnlwdGVk"}'
      })
  },
  {
    row: "SDK",
    name: "parallel calls without ids",
    of: by({
      Gemini: [part({ functionCall: { name: "echo" } }, { functionCall: { name: "echo", args: {} } }), stops("STOP")]
    }),
    end: "tool-calls",
    line: "[r1t1c1 call_1 echo {}][r1t1c2 call_2 echo {}]"
  },
  {
    row: "SDK",
    name: "a signature is kept as it is",
    of: by({ Gemini: [part({ functionCall: { name: "echo" }, thoughtSignature: "QQ/+==" }), stops("STOP")] }),
    end: "tool-calls",
    check: ({ turn }) => assert.deepInclude(turn.blocks()[0], { raw: '{"thoughtSignature":"QQ/+=="}' })
  },
  {
    row: "SDK",
    name: "a prompt that is blocked",
    of: by({ Gemini: [data({ promptFeedback: { blockReason: "SAFETY" } })] }),
    end: "refusal"
  }
]
