import { assert, describe, it } from "@effect/vitest"
import { TurnId } from "@parley/domain/Ids"
import { coalesce, ProviderChunk } from "@parley/domain/ProviderChunk"
import { TurnContent } from "@parley/domain/TurnContent"
import * as Schema from "effect/Schema"
import { AnthropicResponse } from "../src/anthropic/AnthropicResponse.ts"
import { SseReader } from "../src/stream/Sse.ts"
import {
  blockDelta,
  blockStart,
  blockStop,
  event,
  message,
  messageDelta,
  messageStart,
  messageStop,
  text,
  toolUse
} from "@parley/harness/Events"

const fold = (pieces: Iterable<Uint8Array>) => {
  const response = new AnthropicResponse({ secret: "k" })
  const chunks: Array<ProviderChunk> = []
  for (const piece of pieces) chunks.push(...response.feed(piece))
  chunks.push(...response.end())
  const content = new TurnContent(TurnId.make("r1t1"))
  content.add(chunks)
  return {
    blocks: content.blocks(),
    chunks: coalesce(chunks),
    finish: content.finish,
    malformed: content.malformed,
    failure: response.failure
  }
}

const bytes = (source: string): Uint8Array => new TextEncoder().encode(source)

function* cut(source: Uint8Array, at: ReadonlyArray<number>) {
  let from = 0
  for (const to of [...at].sort((a, b) => a - b)) {
    yield source.subarray(from, to)
    from = to
  }
  yield source.subarray(from)
}

/** Two-, three- and four-byte characters, escapes, a comment, an event over several data lines, and every kind of block. */
const script = (...texts: ReadonlyArray<string>): string =>
  ": bonjour é\n\n" +
  messageStart() +
  blockStart(0, { type: "thinking", thinking: "", signature: "" }) +
  texts.map((thinking) => blockDelta(0, { type: "thinking_delta", thinking })).join("") +
  blockDelta(0, { type: "signature_delta", signature: "sig" }) +
  blockStop(0) +
  text(1, ...texts) +
  toolUse(2, "toolu_1", "read_file", '{"path":"', ...texts.map((piece) => JSON.stringify(piece).slice(1, -1)), '"}') +
  blockStart(3, { type: "server_tool_use", id: "s", name: "n", input: {} }) +
  blockDelta(3, { type: "input_json_delta", partial_json: '{"é":"👩‍👩‍👧"}' }) +
  blockStop(3) +
  `event: content_block_start\ndata: {"type":"content_block_start",\ndata: "index":4,"content_block":\ndata:{"type":"text","text":""}}\n\n` +
  blockDelta(4, { type: "text_delta", text: "fin" }) +
  blockStop(4) +
  messageDelta("tool_use") +
  messageStop

const variants: ReadonlyArray<readonly [string, (source: string) => string]> = [
  ["LF", (source) => source],
  ["CRLF", (source) => source.replaceAll("\n", "\r\n")],
  ["CR", (source) => source.replaceAll("\n", "\r")],
  ["mixed", (source) => source.split("\n").reduce((all, line, i) => all + ["\r", "\r\n", "\n"][i % 3]! + line)],
  ["BOM", (source) => `\uFEFF${source}`]
]

describe("however the bytes are split, the turn is the same", () => {
  const source = script("né 你好 ", "👩‍👩‍👧 𝄞", "\r\n\u2028\\ end")
  const expected = fold([bytes(source)])

  it("and the turn is correct", () => {
    assert.isUndefined(expected.failure)
    assert.isUndefined(expected.malformed)
    const said = "né 你好 👩‍👩‍👧 𝄞\r\n\u2028\\ end"
    assert.deepStrictEqual(
      expected.blocks.map((block) => (block._tag === "Text" || block._tag === "Thinking" ? block.text : "")),
      [said, said, "", "", "fin"]
    )
    const call = expected.blocks[2]
    assert.deepStrictEqual(call?._tag === "ToolCall" ? JSON.parse(call.input) : call, { path: said })
    assert.strictEqual(expected.finish?.stop, "tool-calls")
  })

  it.each(variants)("split at every byte, and byte by byte: %s", (_, vary) => {
    const varied = bytes(vary(source))
    for (let at = 0; at <= varied.length; at++) assert.deepStrictEqual(fold(cut(varied, [at])), expected)
    assert.deepStrictEqual(fold(cut(varied, Array.from(varied.keys()))), expected)
  })

  it.prop(
    "split at random bytes, with any text",
    {
      texts: Schema.NonEmptyArray(Schema.String.check(Schema.isMaxLength(12))),
      cuts: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3000 }))),
      variant: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: variants.length - 1 }))
    },
    ({ cuts, texts, variant }) => {
      const whole = script(...texts.map((piece) => piece.toWellFormed()))
      const varied = bytes(variants[variant]![1](whole))
      const at = cuts.map((position) => position % (varied.length + 1))
      assert.deepStrictEqual(fold(cut(varied, at)), fold([bytes(whole)]))
    },
    { arbitrary: { runs: 300 } }
  )

  it("a truncated response fails wherever it ends, and never emits Finish", () => {
    const all = bytes(source)
    const stop = bytes(source).length - bytes(messageStop).length
    for (let at = 0; at < stop; at += 7) {
      const { finish, failure, malformed } = fold([all.subarray(0, at)])
      assert.strictEqual(failure?._tag, "StreamBroken")
      assert.isUndefined(finish)
      assert.isUndefined(malformed)
    }
  })
})

describe("a stream with events in the wrong order fails", () => {
  const start = messageStart()
  const open = blockStart(0, { type: "text", text: "" })
  const delta = blockDelta(0, { type: "text_delta", text: "x" })
  it.each([
    ["delta before its block", start + delta, /block 0, which is not open/],
    ["delta after its block", start + text(0, "x") + delta, /block 0, which is not open/],
    [
      "delta without an index",
      start + open + event({ type: "content_block_delta", delta: {} }),
      /\(undefined\), which is not open/
    ],
    [
      "delta without a delta",
      start + open + event({ type: "content_block_delta", index: 0 }),
      /does not match the type/
    ],
    [
      "delta of another kind",
      start + open + blockDelta(0, { type: "input_json_delta", partial_json: "{" }),
      /does not match the type/
    ],
    [
      "text that is not a string",
      start + open + blockDelta(0, { type: "text_delta", text: 5 }),
      /does not match the type/
    ],
    ["block before the message", open, /before the message/],
    ["two starts of a block", start + open + open, /block 0 started, expected 1/],
    ["an index used again", start + text(0, "x") + open, /block 0 started, expected 1/],
    ["a gap", start + blockStart(1, { type: "text", text: "" }), /block 1 started, expected 0/],
    [
      "an index that is not a number",
      start + event({ type: "content_block_start", index: "__proto__", content_block: {} }),
      /__proto__/
    ],
    [
      "an index that cannot be printed",
      start + blockDelta(0, {}).replace('"index":0', '"index":{"toString":[]}'),
      /block \(object\), which/
    ],
    ["a block without content", start + event({ type: "content_block_start", index: 0 }), /no content/],
    ["stop without start", start + blockStop(0), /not open/],
    ["two stops", start + text(0, "x") + blockStop(0), /not open/],
    ["two messages", start + start, /started twice/],
    ["a message without a message", event({ type: "message_start" }), /without a message/],
    ["message_delta first", messageDelta("end_turn"), /before it started/],
    ["message_stop first", messageStop, /before it started/],
    ["the user's role", event({ type: "message_start", message: { role: "user" } }), /role user/],
    [
      "a tool result",
      start + blockStart(0, { type: "tool_result", tool_use_id: "x" }),
      /tool_result that cannot be used/
    ],
    ["a tool without a name", start + blockStart(0, { type: "tool_use", id: "x" }), /tool_use that cannot be used/],
    ["data that is not an object", "data: 5\n\n", /not JSON/],
    ["data that is an array", "data: []\n\n", /not JSON/]
  ] as const)("%s", (_, source, detail) => {
    const { failure, finish } = fold([bytes(source + messageDelta("end_turn") + messageStop)])
    assert.strictEqual(failure?._tag, "StreamBroken")
    assert.match(failure?.detail ?? "", detail)
    assert.isUndefined(finish)
  })

  it.prop(
    "arbitrary event content causes an error or nothing, but never an exception or two ends",
    [
      Schema.Array(
        Schema.Struct({
          type: Schema.Literals([
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "error",
            "message_stop",
            "x"
          ]),
          index: Schema.Union([Schema.Literals([0, 1]), Schema.Json]),
          content_block: Schema.Union([
            Schema.Json,
            Schema.Struct({
              type: Schema.Literals(["text", "thinking", "tool_use", "x"]),
              text: Schema.Json,
              name: Schema.Json,
              input: Schema.Json
            })
          ]),
          delta: Schema.Union([
            Schema.Json,
            Schema.Struct({
              type: Schema.Literals(["text_delta", "input_json_delta", "thinking_delta", "signature_delta", "x"]),
              text: Schema.Json,
              stop_reason: Schema.Json,
              stop_details: Schema.Json
            })
          ]),
          message: Schema.Json,
          usage: Schema.Union([
            Schema.Json,
            Schema.Struct({ input_tokens: Schema.Json, output_tokens: Schema.Finite })
          ]),
          error: Schema.Json
        })
      )
    ],
    ([events]) => {
      const { chunks, failure, finish } = fold([bytes(start + events.map((data) => event(data)).join(""))])
      assert.strictEqual(finish === undefined, failure !== undefined)
      assert.isAtMost(chunks.filter(({ _tag }) => _tag === "Finish").length, 1)
      for (const chunk of chunks) assert.isTrue(Schema.is(ProviderChunk)(chunk))
    },
    { arbitrary: { runs: 500 } }
  )

  it("a block that was not stopped loses nothing", () => {
    const { blocks, failure, finish } = fold([bytes(start + open + delta + messageDelta("refusal") + messageStop)])
    assert.deepStrictEqual(blocks, [{ _tag: "Text", text: "x" }])
    assert.strictEqual(finish?.stop, "refusal")
    assert.isUndefined(failure)
  })

  it("nothing is read after message_stop", () => {
    const { chunks, malformed } = fold([bytes(message("end_turn", text(0, "x")) + text(0, "y") + "data: oops\n\n")])
    assert.deepStrictEqual(
      chunks.map(({ _tag }) => _tag),
      ["UsageSoFar", "TextDelta", "Finish"]
    )
    assert.isUndefined(malformed)
  })
})

describe("SseReader", () => {
  const read = (source: string): ReadonlyArray<readonly [string, string]> => {
    const events: Array<readonly [string, string]> = []
    const reader = new SseReader((data, name) => events.push([name, data]))
    reader.feed(bytes(source))
    reader.end()
    return events
  }

  it.each([
    [
      "a name and data, with and without the space",
      "event:a\ndata:1\n\nevent: b\ndata: 2\n\n",
      [
        ["a", "1"],
        ["b", "2"]
      ]
    ],
    ["only one space is taken", "data:  x \n\n", [["", " x "]]],
    ["data over several lines", "data: a\ndata:\ndata: b\n\n", [["", "a\n\nb"]]],
    ["a name does not outlive its event", "event: a\n\ndata: 1\n\n", [["", "1"]]],
    [
      "comments, other fields and data without a colon",
      ":x\nid: 1\nretry: 2\ndata\ndatas: 3\ndata: 1\n\n",
      [["", "1"]]
    ],
    ["an event without data", "event: a\ndata:\n\n", []],
    [
      "an event without its last blank line",
      "data: 1\n\ndata: 2",
      [
        ["", "1"],
        ["", "2"]
      ]
    ]
  ] as const)("%s", (_, source, expected) => {
    assert.deepStrictEqual(read(source), expected)
  })

  it("takes time in proportion to the bytes, even byte by byte", () => {
    // One line of 1 MB in single bytes; anything quadratic would take minutes.
    let length = 0
    const reader = new SseReader((data) => (length += data.length))
    const line = bytes(`data: ${"x".repeat(1_000_000)}\n\n`)
    for (let i = 0; i < line.length; i++) reader.feed(line.subarray(i, i + 1))
    assert.strictEqual(length, 1_000_000)
  })
})
