import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
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
import { type Reply, serve } from "@parley/harness/SseServer"
import { provider, request, run, secret, textOf, type Turn } from "./support/Turn.ts"
import { inTime, promptly } from "@parley/harness/promptly"

/** Sends one request through the real SDK and a real socket to a server that responds with these bytes. */
const answered = (body: string | ReadonlyArray<string | Uint8Array>, reply: Reply = {}): Effect.Effect<Turn> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* serve({ body: typeof body === "string" ? [body] : body, ...reply })
      return yield* run(provider(server.url))
    })
  )

const call = (n: number, providerId: string, name: string, input: string): Block => ({
  _tag: "ToolCall",
  callId: CallId.make(`r1t1c${n}`),
  providerId,
  name,
  input
})

const reason = (turn: Turn): string => turn.error?.reason._tag ?? "none"
const detail = (turn: Turn): string => turn.error?.reason.detail ?? ""

describe("a valid response", () => {
  it.live("text, with the id and the usage of the message", () =>
    Effect.gen(function* () {
      const turn = yield* answered(message("end_turn", text(0, "Hel", "", "lo"), text(1, " there")))
      assert.deepStrictEqual(turn.blocks, [
        { _tag: "Text", text: "Hello" },
        { _tag: "Text", text: " there" }
      ])
      assert.deepStrictEqual(turn.finish, {
        _tag: "Finish",
        stop: "end",
        usage: { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0 },
        responseId: "msg_1"
      })
      assert.isUndefined(turn.error)
      assert.isUndefined(turn.malformed)
    })
  )

  it.live("one array per network read, Finish last and once", () =>
    Effect.gen(function* () {
      const pieces = [messageStart(), text(0, "a", "b", "c"), text(1, "d"), messageDelta("end_turn") + messageStop]
      const turn = yield* answered(pieces)
      const chunks = turn.arrays.flat()
      assert.isAtMost(turn.arrays.length, pieces.length)
      assert.isTrue(turn.arrays.every((array) => array.length > 0))
      assert.strictEqual(chunks.filter(({ _tag }) => _tag === "Finish").length, 1)
      assert.strictEqual(chunks.at(-1)?._tag, "Finish")
    })
  )

  it.live("parallel tool calls, their input byte for byte", () =>
    Effect.gen(function* () {
      const turn = yield* answered(
        message(
          "tool_use",
          text(0, "Both."),
          toolUse(1, "toolu_a", "read_file", '{"path": "a', '.txt", "n": 1.0}'),
          toolUse(2, "toolu_b", "list_files")
        )
      )
      assert.deepStrictEqual(turn.blocks, [
        { _tag: "Text", text: "Both." },
        call(1, "toolu_a", "read_file", '{"path": "a.txt", "n": 1.0}'),
        call(2, "toolu_b", "list_files", "{}")
      ])
      assert.strictEqual(turn.finish?.stop, "tool-calls")
    })
  )

  it.live("tool input that is complete in the start of its block", () =>
    Effect.gen(function* () {
      const start = `event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"","name":"t","input":{"n": 1.50}}}\n\n`
      const turn = yield* answered(message("tool_use", start, blockStop(0)))
      assert.deepStrictEqual(turn.blocks, [call(1, "", "t", '{"n": 1.50}')])
    })
  )

  it.live("thinking is sent back as the API requires, redacted thinking byte for byte", () =>
    Effect.gen(function* () {
      const thinking =
        blockStart(0, { type: "thinking", thinking: "", signature: "" }) +
        blockDelta(0, { type: "thinking_delta", thinking: "Let me " }) +
        blockDelta(0, { type: "thinking_delta", thinking: 'see "it".' }) +
        blockDelta(0, { type: "signature_delta", signature: "c2ln/+==" }) +
        blockStop(0)
      const redacted = '{"data":"\\u0045nc rypted==", "type":"redacted_thinking"}'
      const start = `data: {"index":1,"type":"content_block_start", "content_block" : ${redacted} }\n\n`
      const turn = yield* answered(message("end_turn", thinking, start, blockStop(1), text(2, "Yes.")))
      assert.deepStrictEqual(turn.blocks, [
        {
          _tag: "Thinking",
          provider: "anthropic",
          text: 'Let me see "it".',
          raw: '{"type":"thinking","thinking":"Let me see \\"it\\".","signature":"c2ln/+=="}'
        },
        { _tag: "Opaque", provider: "anthropic", kind: "redacted_thinking", raw: redacted },
        { _tag: "Text", text: "Yes." }
      ])
    })
  )

  it.live("omitted thinking keeps its signature; thinking without a signature is never sent back", () =>
    Effect.gen(function* () {
      const omitted =
        blockStart(0, { type: "thinking", thinking: "", signature: "" }) +
        blockDelta(0, { type: "signature_delta", signature: "first" }) +
        // As in the official SDK, the last signature is used.
        blockDelta(0, { type: "signature_delta", signature: "s" }) +
        blockStop(0)
      const unsigned =
        blockStart(1, { type: "thinking", thinking: "", signature: "" }) +
        blockDelta(1, { type: "thinking_delta", thinking: "hm" }) +
        blockStop(1)
      const turn = yield* answered(message("end_turn", omitted, unsigned))
      assert.deepStrictEqual(turn.blocks, [
        { _tag: "Thinking", provider: "anthropic", text: "", raw: '{"type":"thinking","thinking":"","signature":"s"}' },
        { _tag: "Thinking", provider: "anthropic", text: "hm", raw: "" }
      ])
    })
  )

  it.live("usage is cumulative, with cache tokens, and the larger report is used", () =>
    Effect.gen(function* () {
      const turn = yield* answered(
        messageStart({
          input_tokens: 10,
          output_tokens: 1,
          cache_read_input_tokens: 900,
          cache_creation_input_tokens: 30
        }) +
          text(0, "x") +
          messageDelta(null, {}, { output_tokens: 7 }) +
          messageDelta("end_turn", {}, { input_tokens: null, output_tokens: 20, cache_read_input_tokens: 900 }) +
          messageDelta(null, {}, { output_tokens: -3, input_tokens: 12.5 }) +
          messageStop
      )
      assert.deepStrictEqual(turn.finish?.usage, {
        inputTokens: 12,
        outputTokens: 20,
        cacheReadTokens: 900,
        cacheWriteTokens: 30
      })
      assert.strictEqual(turn.finish?.stop, "end")
    })
  )

  it.live("a message without blocks is valid", () =>
    Effect.gen(function* () {
      const turn = yield* answered(message("end_turn"))
      assert.deepStrictEqual(turn.blocks, [])
      assert.strictEqual(turn.finish?.stop, "end")
    })
  )

  it.live.each([
    ["end_turn", {}, "end", undefined],
    ["tool_use", {}, "tool-calls", undefined],
    ["max_tokens", {}, "length", undefined],
    ["stop_sequence", { stop_sequence: "END" }, "stop-sequence", "END"],
    ["pause_turn", {}, "pause", undefined],
    [
      "refusal",
      { stop_details: { type: "refusal", category: "bio", explanation: "Not this." } },
      "refusal",
      "bio: Not this."
    ],
    ["refusal", { stop_details: { type: "refusal", category: null, explanation: null } }, "refusal", undefined],
    ["refusal", { stop_details: null }, "refusal", undefined],
    ["model_context_window_exceeded", {}, "context-window", undefined],
    ["a_new_reason", {}, "other", "a_new_reason"],
    [null, {}, "other", "no reason given"]
  ] as const)("stop reason %s", ([word, rest, stop, said]) =>
    Effect.gen(function* () {
      const turn = yield* answered(messageStart() + text(0, "x") + messageDelta(word, rest) + messageStop)
      assert.strictEqual(turn.finish?.stop, stop)
      assert.strictEqual(turn.finish?.detail, said)
      assert.strictEqual(textOf(turn), "x")
    })
  )
})

describe("additions that the API may make in future", () => {
  it.live("pings, comments, unknown events, deltas and fields are ignored", () =>
    Effect.gen(function* () {
      const turn = yield* answered(
        ": keep-alive\n\nretry: 100\nid: 7\n\n" +
          event({ type: "ping" }) +
          "event: ping\ndata: not json\n\n" +
          messageStart() +
          event({ type: "a_new_event", index: 9, delta: { type: "text_delta", text: "no" } }) +
          blockStart(0, { type: "text", text: "He", citations: null }) +
          blockDelta(0, { type: "citations_delta", citation: { type: "char_location", cited_text: "no" } }) +
          blockDelta(0, { type: "a_new_delta", text: "no" }) +
          blockDelta(0, { type: "text_delta", text: "llo" }) +
          blockStop(0) +
          event({ type: "ping" }) +
          messageDelta("end_turn") +
          messageStop +
          event({ type: "ping" })
      )
      assert.strictEqual(textOf(turn), "Hello")
      assert.isUndefined(turn.error)
      assert.isUndefined(turn.malformed)
    })
  )

  it.live("an unknown block is kept byte for byte, with its deltas merged into it", () =>
    Effect.gen(function* () {
      const start = (index: number, block: string) =>
        `event: content_block_start\ndata: {"type":"content_block_start","index":${index},"content_block":${block}}\n\n`
      const results = '{"type":"web_search_tool_result","tool_use_id":"srv_1","content":[{"rank":1.0,"t":"a\\/b}"}]}'
      const turn = yield* answered(
        message(
          "end_turn",
          start(0, '{"type":"server_tool_use", "id":"srv_1","name":"web_search","input":{}}'),
          blockDelta(0, { type: "input_json_delta", partial_json: '{"query": ' }),
          blockDelta(0, { type: "input_json_delta", partial_json: '"x", "n": 1e2}' }),
          blockStop(0),
          start(1, results),
          blockStop(1),
          start(2, '{"type":"note","text":"a\\u0062","n":10000000000000000000001}'),
          blockDelta(2, { type: "text_delta", text: '"c"' }),
          blockStop(2),
          start(3, '{"type":"sealed","data":""}'),
          blockDelta(3, { type: "sealed_delta", data: "…" }),
          blockStop(3)
        )
      )
      const opaque = (kind: string, raw: string): Block => ({ _tag: "Opaque", provider: "anthropic", kind, raw })
      assert.deepStrictEqual(turn.blocks, [
        opaque(
          "server_tool_use",
          '{"type":"server_tool_use", "id":"srv_1","name":"web_search","input":{"query": "x", "n": 1e2}}'
        ),
        opaque("web_search_tool_result", results),
        opaque("note", '{"type":"note","text":"ab\\"c\\"","n":10000000000000000000001}'),
        // Its delta is of an unknown kind, so the block cannot be reconstructed and sent back.
        opaque("sealed", "")
      ])
    })
  )
})

describe("a response that ends badly", () => {
  it.live(
    "max_tokens inside a tool call: Finish has the stop reason length, and the partial input is kept unchanged",
    () =>
      Effect.gen(function* () {
        const turn = yield* answered(message("max_tokens", toolUse(0, "t1", "write", '{"path":"a","content":"lor')))
        assert.strictEqual(turn.finish?.stop, "length")
        assert.deepStrictEqual(turn.blocks, [call(1, "t1", "write", '{"path":"a","content":"lor')])
        assert.isUndefined(turn.error)
      })
  )

  it.live("malformed tool JSON is kept unchanged and is not an error of the stream", () =>
    Effect.gen(function* () {
      const turn = yield* answered(message("tool_use", toolUse(0, "t1", "write", '{"path":', "oops}")))
      assert.deepStrictEqual(turn.blocks, [call(1, "t1", "write", '{"path":oops}')])
      assert.isUndefined(turn.error)
    })
  )

  it.live("an end before message_stop is an error, after the chunks that arrived", () =>
    Effect.gen(function* () {
      const turn = yield* answered(messageStart() + text(0, "Hello"))
      assert.strictEqual(textOf(turn), "Hello")
      assert.strictEqual(reason(turn), "StreamBroken")
      assert.isUndefined(turn.finish)
      assert.strictEqual(detail(turn), "the stream ended before the message was complete")
    })
  )

  it.live("a message_stop whose final blank line was lost still counts", () =>
    Effect.gen(function* () {
      const turn = yield* answered(message("end_turn", text(0, "x")).trimEnd())
      assert.strictEqual(turn.finish?.stop, "end")
      assert.isUndefined(turn.error)
    })
  )

  it.live("a broken connection is an error, after the chunks that arrived", () =>
    Effect.gen(function* () {
      const turn = yield* answered(
        [messageStart(), blockStart(0, { type: "text", text: "" }), blockDelta(0, { type: "text_delta", text: "Hel" })],
        {
          last: "cut"
        }
      )
      assert.strictEqual(textOf(turn), "Hel")
      assert.strictEqual(reason(turn), "StreamBroken")
      assert.include(detail(turn), "the connection broke")
    })
  )

  it.live.each([
    ["overloaded_error", "Overloaded"],
    ["api_error", "Overloaded"],
    ["timeout_error", "Overloaded"],
    ["rate_limit_error", "RateLimited"],
    ["authentication_error", "Unauthorized"],
    ["permission_error", "Unauthorized"],
    ["billing_error", "QuotaExhausted"],
    ["invalid_request_error", "InvalidRequest"],
    ["not_found_error", "UnknownModel"],
    ["a_new_error", "StreamBroken"]
  ] as const)("an error inside the stream is classified by its type: %s", ([type, expected]) =>
    Effect.gen(function* () {
      const turn = yield* answered(
        messageStart() + text(0, "Hel") + event({ type: "error", error: { type, message: `No \u001b[31m${secret}` } }),
        { headers: { "request-id": "req_7" } }
      )
      assert.strictEqual(reason(turn), expected)
      assert.strictEqual(textOf(turn), "Hel")
      assert.strictEqual(detail(turn), `${type}: No [31m[key]`)
      if (turn.error !== undefined && "requestId" in turn.error.reason)
        assert.strictEqual(turn.error.reason.requestId, "req_7")
      assert.isUndefined(turn.finish)
    })
  )

  it.live("data that is not JSON", () =>
    Effect.gen(function* () {
      const turn = yield* answered(`${messageStart() + text(0, "Hel")}data: {"type": ${"x\u0007".repeat(300)}\n\n`)
      assert.strictEqual(textOf(turn), "Hel")
      assert.strictEqual(reason(turn), "StreamBroken")
      assert.match(detail(turn), /^an event is not JSON: \{"type": x x x/)
      assert.isAtMost(detail(turn).length, 230)
      assert.notMatch(detail(turn), /\p{C}/u)
    })
  )

  it.live("HTML with status 200", () =>
    Effect.gen(function* () {
      const page = `<html>\n<body>\u001b]0;x\u0007 key ${secret} ${"long ".repeat(500)}</body></html>`
      const turn = yield* answered(page, { headers: { "content-type": "text/html" } })
      assert.strictEqual(reason(turn), "StreamBroken")
      assert.match(detail(turn), /^the response is not an event stream: <html> <body> \]0;x key \[key\] long/)
      assert.isAtMost(detail(turn).length, 240)
      assert.notMatch(detail(turn), /\p{C}/u)
    })
  )

  it.live("an empty response", () =>
    Effect.gen(function* () {
      const turn = yield* answered([])
      assert.strictEqual(reason(turn), "StreamBroken")
      assert.strictEqual(detail(turn), "the response was empty")
    })
  )
})

const interruptedOnly = (fiber: Fiber.Fiber<unknown, unknown>) =>
  fiber.pipe(
    Fiber.await,
    Effect.map((exit) => {
      assert.isTrue(Exit.hasInterrupts(exit) && !Exit.hasFails(exit) && !Exit.hasDies(exit))
    })
  )

describe("interruption", () => {
  const begun = [
    messageStart(),
    blockStart(0, { type: "text", text: "" }),
    blockDelta(0, { type: "text_delta", text: "Hel" })
  ]

  it.live("in the middle of a stream closes the connection immediately and is not an error", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: begun, last: "hang" })
      const first = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Stream.runForEachArray(provider(server.url).stream(request()), () => Deferred.succeed(first, undefined)),
        { startImmediately: true }
      )
      yield* Deferred.await(first)
      const [taken] = yield* fiber.pipe(Fiber.interrupt, Effect.timed)
      yield* interruptedOnly(fiber)
      yield* Deferred.await(server.received[0]!.closed).pipe(inTime(2000))
      promptly(Duration.toMillis(taken), 1000)
    })
  )

  it.live("also works before the first byte of a response", () =>
    Effect.gen(function* () {
      const server = yield* serve({ last: "hang" })
      const fiber = yield* Effect.forkChild(Stream.runDrain(provider(server.url).stream(request())), {
        startImmediately: true
      })
      yield* Deferred.await(server.hanging)
      yield* Fiber.interrupt(fiber)
      yield* interruptedOnly(fiber)
      yield* Deferred.await(server.received[0]!.closed).pipe(inTime(2000))
    })
  )

  it.live("taking only a part of the stream succeeds and closes the connection", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: begun, last: "hang" })
      const chunks = yield* Stream.runCollect(Stream.take(provider(server.url).stream(request()), 2))
      assert.deepStrictEqual(chunks[1], { _tag: "TextDelta", index: 0, text: "Hel" })
      assert.strictEqual(chunks[0]?._tag, "UsageSoFar", "what is known of the cost is known from the start")
      yield* Deferred.await(server.received[0]!.closed).pipe(inTime(2000))
    })
  )

  it.live("a failed stream closes its connection", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [...begun, "data: oops\n\n"], last: "hang" })
      assert.strictEqual(reason(yield* run(provider(server.url))), "StreamBroken")
      yield* Deferred.await(server.received[0]!.closed).pipe(inTime(2000))
    })
  )
})

describe("the connection", () => {
  it.live("is reused for the next requests", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))], last: "late" })
      const anthropic = provider(server.url)
      yield* Effect.replicateEffect(run(anthropic), 6, { discard: true })
      // The client opens another connection while the last is not free yet. Without any reuse there would be six.
      assert.isBelow(Math.max(...server.received.map(({ connection }) => connection)), 6)
    })
  )

  it.live("is closed if the server does not end the response after message_stop", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))], last: "hang" })
      const turn = yield* run(provider(server.url))
      assert.strictEqual(turn.finish?.stop, "end")
      assert.isUndefined(turn.error)
      yield* Deferred.await(server.received[0]!.closed).pipe(inTime(2000))
    })
  )
})
