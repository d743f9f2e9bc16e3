import { gzipSync } from "node:zlib"
import type { Block } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import { maxInputBytes } from "@parley/domain/InputBounds"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { AnthropicResponse } from "../src/anthropic/AnthropicResponse.ts"
import { maxAnswer, maxNoise, maxRequestBytes } from "../src/text/Bounds.ts"
import {
  blockDelta,
  blockStart,
  blockStop,
  event,
  message,
  messageDelta,
  messageStart,
  messageStop,
  text
} from "@parley/harness/Events"
import { serve } from "@parley/harness/SseServer"
import { provider, request, run, user } from "./support/Turn.ts"
import { inTime } from "@parley/harness/promptly"

const fed = (pieces: Iterable<string>) => {
  const response = new AnthropicResponse({ secret: "k" })
  const encoder = new TextEncoder()
  const reads = Array.from(pieces, (piece) => response.feed(encoder.encode(piece)))
  return { response, reads }
}
const inputOf = (chunks: ReadonlyArray<ProviderChunk>) =>
  chunks.map((chunk) => (chunk._tag === "ToolInputDelta" ? chunk.json : "")).join("")

const callStart = messageStart() + blockStart(0, { type: "tool_use", id: "t", name: "n", input: {} })
const input = (json: string) => blockDelta(0, { type: "input_json_delta", partial_json: json })
const half = "x".repeat(maxInputBytes / 2)

describe("limits on responses", () => {
  it("tool input is passed on up to one character beyond its limit, and the response continues", () => {
    const end = blockStop(0) + messageDelta("tool_use") + messageStop
    const { reads, response } = fed([callStart, input(half), input(half), input(half), input(half), end])
    assert.isUndefined(response.failure)
    assert.strictEqual(inputOf(reads.flat()).length, maxInputBytes + 1)
    assert.strictEqual(reads.at(-1)?.at(-1)?._tag, "Finish")
  })

  it("input in the start of its block is limited too", () => {
    const whole = { type: "tool_use", id: "t", name: "n", input: { a: half + half } }
    const { reads } = fed([messageStart() + blockStart(0, whole), blockStop(0)])
    assert.strictEqual(inputOf(reads.flat()).length, maxInputBytes + 1)
  })

  it("dropped input does not count as silence, unless it is empty", () => {
    const { reads } = fed([callStart, input(half), input(half), input(half), input(half), input("")])
    assert.deepStrictEqual(
      reads.map((chunks) => chunks.map(({ _tag }) => _tag)),
      [["UsageSoFar", "ToolCallStart"], ["ToolInputDelta"], ["ToolInputDelta"], ["ToolInputDelta"], ["UsageSoFar"], []]
    )
  })

  const noises: ReadonlyArray<readonly [name: string, piece: string]> = [
    ["pings", event({ type: "ping" })],
    ["pings without a name", `data: {"type":"ping"}\n\n`],
    ["comments", ": keep-alive\n\n"],
    ["empty lines", "\n\n\n"],
    ["events without data", "event: content_block_delta\n\n"],
    ["unknown events", event({ type: "vendor_thing", a: 1 })],
    ["empty text", blockDelta(0, { type: "text_delta", text: "" })],
    ["unknown deltas", blockDelta(0, { type: "vendor_delta", text: "x" })],
    ["empty thinking", blockDelta(1, { type: "thinking_delta", thinking: "" })],
    ["signatures", blockDelta(1, { type: "signature_delta", signature: "s" })],
    ["empty input", blockDelta(2, { type: "input_json_delta", partial_json: "" })],
    ["changes of the message", messageDelta(null)],
    ["reasons to stop", messageDelta("end_turn")]
  ]
  const begun = [
    messageStart(),
    blockStart(0, { type: "text", text: "" }),
    blockStart(1, { type: "thinking", thinking: "" }),
    blockStart(2, { type: "tool_use", id: "t", name: "n", input: {} })
  ]
  for (const [name, piece] of noises)
    it(`does not count as content: ${name}`, () => {
      const { reads, response } = fed([...begun, piece, piece.repeat(100), piece])
      assert.isUndefined(response.failure)
      assert.deepStrictEqual(reads.slice(begun.length).flat(), [])
    })

  it("a delta for a block that was never started fails the response", () => {
    const { response } = fed([...begun, blockDelta(9, { type: "text_delta", text: "x" })])
    assert.strictEqual(response.failure?._tag, "StreamBroken")
  })

  it("endless noise fails the response, and content in between resets the count", () => {
    const noise = `: ${half}${half}${half}${half}\n\n`
    const times = Math.ceil(maxNoise / noise.length)
    const { response } = fed([...begun, ...Array.from({ length: times + 1 }, () => noise)])
    assert.strictEqual(response.failure?._tag, "StreamBroken")
    assert.include(response.failure?.detail, "without usable content")
    const dropped = input(half).repeat(4)
    const more = Array.from({ length: times + 1 }, () => dropped)
    assert.include(fed([callStart, input(half), ...more]).response.failure?.detail, "without usable content")
    const piece = blockDelta(0, { type: "text_delta", text: "x" })
    const some = Array.from({ length: times - 1 }, () => noise)
    assert.isUndefined(fed([...begun, ...some, piece, ...some]).response.failure)
  })

  for (const [name, type, piece] of [
    ["text", { type: "text", text: "" }, { type: "text_delta", text: half }],
    ["thinking", { type: "thinking", thinking: "" }, { type: "thinking_delta", thinking: half }],
    ["a block without a name of ours", { type: "server_tool_use" }, { type: "input_json_delta", partial_json: half }]
  ] as const)
    it(`a response that is too large for a later request fails: ${name}`, () => {
      const pieces = Array.from({ length: maxAnswer / half.length + 1 }, () => blockDelta(0, piece))
      const { response } = fed([messageStart() + blockStart(0, type), ...pieces])
      assert.strictEqual(response.failure?._tag, "StreamBroken")
      assert.include(response.failure?.detail, "the response is larger than")
    })

  it("an endless event fails the response", () => {
    const { response } = fed([
      messageStart(),
      "data: ",
      ...Array.from({ length: maxAnswer / half.length + 1 }, () => half)
    ])
    assert.strictEqual(response.failure?._tag, "StreamBroken")
    assert.include(response.failure?.detail, "an event is larger than")
  })
})

const json = { "content-type": "application/json" }
const endless = { headers: json, body: Array.from({ length: 64 }, () => "x".repeat(64 * 1024)), last: "hang" } as const

describe("a body that is read completely", () => {
  for (const [name, reply, reason] of [
    ["a refusal", { ...endless, status: 400 }, "InvalidRequest"],
    ["a failure", { ...endless, status: 529 }, "Overloaded"],
    [
      "a failure that unpacks to more",
      {
        ...endless,
        status: 500,
        headers: { ...json, "content-encoding": "gzip" },
        body: [gzipSync("x".repeat(maxAnswer))]
      },
      "Overloaded"
    ],
    ["a response that is not a stream", endless, "StreamBroken"]
  ] as const)
    it.live(`has a bound: ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* serve(reply)
        const { error } = yield* Effect.timeout(run(provider(server.url)), "10 seconds")
        assert.strictEqual(error?.reason._tag, reason)
        assert.match(error?.message ?? "", /is larger than 1 MiB and was not read to its end; it begins: xxx/)
        yield* Deferred.await(server.received[0]!.closed).pipe(inTime(10_000))
      })
    )

  // The test clock does not advance, because otherwise a count would time out after five seconds.
  it.effect("has a bound: a count", () =>
    Effect.gen(function* () {
      const server = yield* serve(endless)
      const counting = provider(server.url).count?.(request()) ?? Effect.die("it cannot count")
      assert.isUndefined(yield* counting)
      yield* Deferred.await(server.received[0]!.closed)
    })
  )
})

const tooMuch = [`{"a":"${half}${half}"}`, `{"a":${"[".repeat(200)}${"]".repeat(200)}}`].map((input, i): Block => ({
  _tag: "ToolCall",
  callId: CallId.make(`c${i + 1}`),
  providerId: "",
  name: "n",
  input
}))

describe("a request", () => {
  it.live("is never larger than the API accepts", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      const { error } = yield* run(provider(server.url), request([user("é".repeat(maxRequestBytes / 2))]))
      assert.strictEqual(error?.reason._tag, "ContextOverflow")
      assert.include(error?.message, "start a new session")
      assert.isEmpty(server.received)
    })
  )

  it.live("does not repeat tool input that was too large or too deeply nested to be run", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      yield* run(provider(server.url), request([user("hi"), { role: "assistant", content: tooMuch }, user("?")]))
      assert.include(server.received[0]?.body, '"id":"c1","name":"n","input":{}}')
      assert.include(server.received[0]?.body, '"id":"c2","name":"n","input":{}}')
    })
  )
})

describe("blocks that are sent back unchanged", () => {
  const halfPair = '{"type":"thinking","thinking":"a\\ud83d","signature":""}'
  it("are left out if they contain a lone surrogate, which the API rejects", () => {
    const { reads } = fed([
      messageStart() +
        `event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":${halfPair}}\n\n` +
        blockDelta(0, { type: "signature_delta", signature: "s" }) +
        blockStop(0) +
        String.raw`data: {"type":"content_block_start","index":1,"content_block":{"type":"x","a":"\ud83d","b":"\ud83d\ude00"}}` +
        `\n\n${blockStop(1)}` +
        String.raw`data: {"type":"content_block_start","index":2,"content_block":{"type":"x","b":"\ud83d\ude00"}}` +
        `\n\n${blockStop(2)}`
    ])
    assert.deepStrictEqual(
      reads.flat().flatMap((chunk) => ("raw" in chunk ? [chunk.raw] : [])),
      ["", "", String.raw`{"type":"x","b":"\ud83d\ude00"}`]
    )
  })
})
