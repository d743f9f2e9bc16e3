import { assert } from "@effect/vitest"
import type { Outcome } from "../../packages/harness/src/wires/Outcome.ts"
import { type Answer, call, data, think, type Wire } from "../../packages/harness/src/wires/Step.ts"
import { all, close, open, start, stop } from "../../packages/harness/src/provider/wire.ts"
import { called, chunk, end, event, one, part, stops } from "./events.ts"
import { by, eventsOf, half, streamed, type Trap } from "./trap.ts"

const answered = (
  row: string,
  name: string,
  answer: Answer,
  end: string,
  line?: string,
  wires?: (wire: Wire) => boolean
): Trap => ({
  row,
  name,
  of: (wire) => (wires?.(wire) === false ? undefined : { body: eventsOf(wire, { piece: 100, ...answer }) }),
  end,
  ...(line === undefined ? {} : { line })
})
const isNot =
  (...names: ReadonlyArray<Wire["name"]>) =>
  (wire: Wire): boolean =>
    !names.includes(wire.name)

const counts = ({ turn }: Outcome): ReadonlyArray<number> => Object.values(turn.usage)
const noUsage = (usage: object): Trap["of"] =>
  by({
    Anthropic: [
      all(
        { type: "message_start", message: { usage } },
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage },
        { type: "message_stop" }
      )
    ],
    "OpenAI Responses": [event("response.completed", { response: { usage } })],
    "OpenAI Chat": [data({ usage }), ...end()],
    Gemini: [data({ usageMetadata: usage }), stops("STOP")]
  })
const wrong = {
  input_tokens: -5,
  output_tokens: "3",
  cache_read_input_tokens: null,
  prompt_tokens: 1e300,
  completion_tokens: {},
  promptTokenCount: -1,
  candidatesTokenCount: "9"
}

/** Traps of blocks, calls, reasons to stop and counts. */
export const contentTraps: ReadonlyArray<Trap> = [
  answered(
    "P16",
    "the output limit within input",
    { steps: [call("echo", '{"a":"b', "x")], stop: "length" },
    "length",
    '[r1t1c1 x echo {"a":"b]',
    isNot("Gemini")
  ),
  answered("P17", "the output limit in a text", { ...half, stop: "length" }, "length", "half"),
  answered("P17", "the output limit in a thought", { steps: [think("half")], stop: "length" }, "length", "(half)"),
  answered("P18", "a refusal", { ...half, stop: "refusal" }, "refusal", "half"),
  answered("P19", "an unknown reason to stop", { ...half, stop: "other" }, "other", "half"),
  answered("P20", "no block", { steps: [] }, "end", ""),
  answered(
    "P22",
    "an id for two calls",
    { steps: [call("echo", "{}", "x"), call("9lives", "{}", "x")] },
    "tool-calls",
    undefined,
    isNot("OpenAI Chat")
  ),
  answered(
    "P22",
    "an id that is the name of the tool",
    { steps: [call("echo", "{}", "echo")] },
    "tool-calls",
    "[r1t1c1 echo echo {}]"
  ),
  answered(
    "P24",
    "a name that is too long for the API",
    { steps: [call("x".repeat(300), "{}", "x")] },
    "tool-calls",
    `[r1t1c1 x ${"x".repeat(300)} {}]`
  ),
  answered(
    "P26",
    "input with 10,000 levels",
    { steps: [call("echo", "[".repeat(10_000), "x")] },
    "tool-calls",
    undefined,
    isNot("Gemini")
  ),
  answered(
    "P27",
    "a key twice, __proto__ and a large number",
    { steps: [call("echo", '{"a":1,"a":2.0,"__proto__":{"n":12345678901234567890}}', "x")] },
    "tool-calls",
    '[r1t1c1 x echo {"a":1,"a":2.0,"__proto__":{"n":12345678901234567890}}]'
  ),
  {
    ...answered(
      "P25",
      "input of 3 MB",
      { steps: [call("echo", `{"a":"${"x".repeat(3e6)}"}`, "x")], piece: 1e5 },
      "tool-calls"
    ),
    check: ({ turn }) => {
      const block = turn.blocks().find(({ _tag }) => _tag === "ToolCall")
      assert.isBelow(block?._tag === "ToolCall" ? block.input.length : Infinity, 1024 * 1024 + 2)
    },
    // effect/ai limits nothing: its model has the whole input in memory before.
    of: streamed((wire) => ({
      body: eventsOf(wire, { steps: [call("echo", `{"a":"${"x".repeat(3e6)}"}`, "x")], piece: 1e5 })
    }))
  },
  {
    row: "P32",
    name: "no counts",
    of: noUsage({}),
    end: "end",
    check: (seen) => assert.deepStrictEqual(counts(seen), [0, 0, 0, 0])
  },
  {
    row: "P32",
    name: "counts that are no counts",
    of: noUsage(wrong),
    end: "end",
    check: (seen) => assert.deepStrictEqual(counts(seen), [0, 0, 0, 0])
  },
  {
    row: "P32",
    name: "counts that come twice",
    of: streamed((wire) => {
      const events = eventsOf(wire, half)
      return { body: [...events.slice(0, -1), ...events.slice(-2)] }
    }),
    end: "end",
    check: (seen) => assert.deepStrictEqual(counts(seen), [5, 3, 4, 0])
  },
  {
    row: "P31",
    name: "a piece of what did not begin",
    of: by({
      Anthropic: [all(start(), { type: "content_block_delta", index: 3, delta: { type: "text_delta", text: "x" } })],
      "OpenAI Responses": [event("response.function_call_arguments.delta", { output_index: 3, delta: "{}" })]
    }),
    end: "StreamBroken"
  },
  {
    row: "P37",
    name: "a message of another role",
    of: by({
      Anthropic: [all({ type: "message_start", message: { role: "system", content: [] } })],
      Gemini: [data({ candidates: [{ content: { role: "user", parts: [{ text: "x" }] } }] })]
    }),
    end: "StreamBroken"
  },
  {
    row: "P37",
    name: "a result of a tool",
    of: by({
      Anthropic: [all(start(), open(0, { type: "tool_result", tool_use_id: "x" }))],
      Gemini: [part({ functionResponse: { name: "echo", response: {} } })]
    }),
    end: "StreamBroken"
  },
  {
    row: "P31",
    name: "a call without a name",
    of: by({
      Anthropic: [all(start(), open(0, { type: "tool_use", id: "x", input: {} }))],
      "OpenAI Responses": [
        event("response.output_item.added", { output_index: 0, item: { type: "function_call", call_id: "x" } })
      ],
      "OpenAI Chat": [called({ index: 0, id: "x", function: { arguments: "{}" } }), ...end("tool_calls")],
      Gemini: [part({ functionCall: { args: {} } }), stops("STOP")]
    }),
    end: "StreamBroken"
  },
  {
    row: "P22",
    name: "a call without an id",
    of: by({
      Anthropic: [all(start(), open(0, { type: "tool_use", name: "echo", input: {} }), close(0), ...stop("tool_use"))],
      "OpenAI Responses": [
        event("response.output_item.added", { output_index: 0, item: { type: "function_call", name: "echo" } }),
        event("response.completed")
      ],
      "OpenAI Chat": [called(one("echo", "{}")), ...end()],
      Gemini: [part({ functionCall: { name: "echo", args: {} } }), stops("STOP")]
    }),
    end: "tool-calls",
    check: ({ turn }) => assert.strictEqual(turn.blocks().filter(({ _tag }) => _tag === "ToolCall").length, 1)
  },
  {
    row: "P38",
    name: "a thought without a signature is not sent back",
    of: by({
      Anthropic: [all(start(), open(0, { type: "thinking", thinking: "hm" }), close(0), ...stop("end_turn"))],
      "OpenAI Responses": [
        event("response.output_item.added", { output_index: 0, item: { type: "reasoning", id: "rs" } }),
        event("response.reasoning_text.delta", { output_index: 0, delta: "hm" }),
        event("response.completed")
      ],
      "OpenAI Chat": [chunk({ reasoning_content: "hm" }), ...end()],
      Gemini: [part({ text: "hm", thought: true }), stops("STOP")]
    }),
    end: "end",
    line: "(hm)",
    check: ({ turn }) => assert.deepInclude(turn.blocks()[0], { _tag: "Thinking", raw: "" })
  }
]
