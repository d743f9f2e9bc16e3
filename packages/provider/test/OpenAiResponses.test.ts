import { assert, describe, it } from "@effect/vitest"
import { CallId } from "@parley/domain/Ids"
import type { Reply } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { body, pieces } from "../src/openai/ResponsesRequest.ts"
import { history, Rounds } from "./support/Histories.ts"
import { answered, data, done, responses, summary } from "./support/OpenAi.ts"
import { request, user } from "./support/Turn.ts"

const event = (type: string, rest: object = {}): string =>
  `event: ${type}\n${data({ type, sequence_number: 1, ...rest })}`
const created = event("response.created", { response: { id: "r1" } })
const added = (output_index: number, item: object): string =>
  event("response.output_item.added", { output_index, item })
const ended = (output_index: number, item: object): string => event("response.output_item.done", { output_index, item })
const text = (delta: string, output_index = 0): string =>
  event("response.output_text.delta", { output_index, content_index: 0, delta })
const input = (output_index: number, delta: string): string =>
  event("response.function_call_arguments.delta", { output_index, delta })
const call = (call_id: string, name: string, more: object = {}): object => ({
  type: "function_call",
  id: "fc",
  call_id,
  name,
  arguments: "",
  ...more
})
const completed = (response: object = {}): string =>
  event("response.completed", { response: { id: "r1", status: "completed", ...response } })
const incomplete = (reason: string): string =>
  event("response.incomplete", { response: { id: "r1", status: "incomplete", incomplete_details: { reason } } })
const failed = (code: string): string =>
  event("response.failed", { response: { id: "r1", status: "failed", error: { code, message: "scripted" } } })

interface Row {
  readonly trap: string
  readonly body: ReadonlyArray<string>
  readonly reply?: Reply
  readonly blocks?: ReadonlyArray<string>
  readonly end: string
  readonly detail?: RegExp
}

const rows: ReadonlyArray<Row> = [
  {
    trap: "a text",
    body: [created, added(0, { type: "message" }), text("Hel"), text("lo"), completed()],
    blocks: ["Hello"],
    end: "end"
  },
  {
    trap: "two calls whose pieces alternate",
    body: [
      created,
      added(0, call("x", "a")),
      added(1, call("y", "b")),
      input(0, "{"),
      input(1, '{"m":2}'),
      input(0, '"k":1}'),
      completed()
    ],
    blocks: ['x a {"k":1}', 'y b {"m":2}'],
    end: "tool-calls"
  },
  {
    trap: "a call whose input comes only at its end",
    body: [created, added(0, call("x", "a")), ended(0, call("x", "a", { arguments: '{"k":1}' })), completed()],
    blocks: ['x a {"k":1}'],
    end: "tool-calls"
  },
  {
    trap: "a call without an id",
    body: [created, added(0, call("", "a")), completed()],
    blocks: ["call_1 a {}"],
    end: "tool-calls"
  },
  { trap: "a call without a name", body: [created, added(0, call("x", ""))], end: "StreamBroken", detail: /no name/ },
  {
    trap: "input for an item that did not start",
    body: [created, input(3, "{}")],
    end: "StreamBroken",
    detail: /not a call/
  },
  {
    trap: "an end before response.completed",
    body: [created, text("half")],
    blocks: ["half"],
    end: "StreamBroken",
    detail: /before the message was complete/
  },
  {
    trap: "[DONE] before response.completed",
    body: [created, text("half"), done],
    blocks: ["half"],
    end: "StreamBroken"
  },
  {
    trap: "[DONE] after response.completed",
    body: [created, text("all"), completed(), done],
    blocks: ["all"],
    end: "end"
  },
  {
    trap: "an error event",
    body: [created, event("error", { code: "server_error", message: "boom", param: null })],
    end: "Overloaded",
    detail: /server_error: boom/
  },
  {
    trap: "an error event with a nested error",
    body: [event("error", { error: { type: "tokens", code: "rate_limit_exceeded", message: "slow" } })],
    end: "RateLimited"
  },
  {
    trap: "response.failed",
    body: [created, text("half"), failed("rate_limit_exceeded")],
    blocks: ["half"],
    end: "RateLimited"
  },
  {
    trap: "a context overflow in response.failed",
    body: [created, failed("context_length_exceeded")],
    end: "ContextOverflow"
  },
  {
    trap: "an output limit within tool input",
    body: [created, added(0, call("x", "a")), input(0, '{"p":"a'), incomplete("max_output_tokens")],
    blocks: ['x a {"p":"a'],
    end: "length"
  },
  {
    trap: "a filtered response",
    body: [created, text("x"), incomplete("content_filter")],
    blocks: ["x"],
    end: "refusal"
  },
  {
    trap: "an unknown reason to be incomplete",
    body: [created, text("x"), incomplete("magic")],
    blocks: ["x"],
    end: "other",
    detail: /magic/
  },
  {
    trap: "a refusal",
    body: [created, event("response.refusal.delta", { output_index: 0, delta: "No." }), completed()],
    blocks: ["No."],
    end: "refusal"
  },
  {
    trap: "unknown events and items",
    body: [created, event("response.future.delta", { x: 1 }), added(0, { type: "future" }), text("x", 1), completed()],
    blocks: ["x"],
    end: "end"
  },
  {
    trap: "a socket that is cut",
    body: [created, text("half")],
    reply: { last: "cut" },
    blocks: ["half"],
    end: "StreamBroken",
    detail: /connection broke/
  },
  { trap: "a page with status 200", body: ["<html>login</html>"], end: "StreamBroken", detail: /not an event stream/ },
  { trap: "a line that is not JSON", body: [created, "data: {oops\n\n"], end: "StreamBroken", detail: /not JSON/ },
  {
    trap: "a summary of reasoning in parts",
    body: [
      created,
      added(0, { type: "reasoning", id: "rs" }),
      event("response.reasoning_summary_text.delta", { output_index: 0, summary_index: 0, delta: "a" }),
      event("response.reasoning_summary_text.delta", { output_index: 0, summary_index: 1, delta: "b" }),
      ended(0, { type: "reasoning", id: "rs", encrypted_content: "e" }),
      text("x", 1),
      completed()
    ],
    blocks: ["(a\n\nb)", "x"],
    end: "end"
  }
]

describe("wire traps of the Responses API, through the real SDK and a real socket", () => {
  for (const { blocks = [], body, detail, end, reply, trap } of rows)
    it.live(trap, () =>
      Effect.gen(function* () {
        const turn = yield* answered(responses, body, reply)
        assert.deepStrictEqual(summary(turn), { blocks: [...blocks], end, malformed: undefined })
        if (detail !== undefined) assert.match(turn.error?.reason.detail ?? turn.finish?.detail ?? "", detail)
      })
    )

  it.live("usage counts cached tokens once", () =>
    Effect.gen(function* () {
      const usage = { input_tokens: 9, output_tokens: 4, input_tokens_details: { cached_tokens: 6 } }
      const turn = yield* answered(responses, [created, text("x"), completed({ usage })])
      assert.deepStrictEqual(turn.finish, {
        _tag: "Finish",
        stop: "end",
        usage: { inputTokens: 3, outputTokens: 4, cacheReadTokens: 6, cacheWriteTokens: 0 },
        responseId: "r1"
      })
    })
  )
})

describe("reasoning of the Responses API", () => {
  const reasoning = (encrypted_content: string | null) => [
    created,
    added(0, { type: "reasoning", id: "rs_1", summary: [] }),
    ended(0, {
      type: "reasoning",
      id: "rs_1",
      summary: [{ type: "summary_text", text: "s" }],
      content: [],
      encrypted_content
    }),
    added(1, call("x", "a")),
    completed()
  ]
  it.live("is sent back with its id and encrypted content, an empty summary and no content", () =>
    Effect.gen(function* () {
      const { blocks } = yield* answered(responses, reasoning("c2Vj"))
      const json = body({}, request([user("hi"), { role: "assistant", content: blocks }]))
      assert.include(
        json,
        '},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"c2Vj"},{"type":"function_call","call_id":"r1t1c1"'
      )
    })
  )
  it.live("is not sent back without encrypted content, nor from another provider", () =>
    Effect.gen(function* () {
      const { blocks } = yield* answered(responses, reasoning(null))
      assert.deepInclude(blocks[0], { _tag: "Thinking", raw: "" })
      const foreign = { _tag: "Thinking" as const, provider: "anthropic", text: "", raw: '{"encrypted_content":"x"}' }
      const bare = { ...foreign, provider: "openai-responses", raw: '{"type":"reasoning","id":"rs"}' }
      const json = body({}, request([user("hi"), { role: "assistant", content: [...blocks, foreign, bare] }]))
      assert.notInclude(json, "reasoning")
      assert.notInclude(json, "encrypted")
    })
  )
})

const Item = Schema.Struct({
  role: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.String),
  call_id: Schema.optionalKey(Schema.String)
})
const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Struct({ input: Schema.Array(Item) })))

describe("the body of a Responses request", () => {
  it("stores nothing, has the settings, the tools and the items", () => {
    const tool = { name: "look", server: "s", tool: "look", description: "Looks", inputSchema: { type: "object" } }
    const callId = CallId.make("r1t1c1")
    const { settings } = responses("http://x").describe("gpt-6.2-sol")
    assert.deepStrictEqual(settings, { max_output_tokens: 32_000, include: ["reasoning.encrypted_content"] })
    assert.deepStrictEqual(responses("http://x").describe("gpt-4o").settings, { max_output_tokens: 16_000 })
    const json = body(
      { max_output_tokens: 7, include: ["reasoning.encrypted_content"] },
      request(
        [
          user("hi"),
          {
            role: "assistant",
            content: [
              { _tag: "Text", text: "I look." },
              { _tag: "ToolCall", callId, providerId: "x", name: "look", input: '{"n":1.0}' }
            ]
          },
          {
            role: "user",
            content: [{ _tag: "ToolResult", callId, isError: false, content: [{ _tag: "Text", text: "ok" }] }]
          }
        ],
        { system: "Be kind.", tools: [tool] }
      )
    )
    assert.strictEqual(
      json,
      '{"model":"m","store":false,"max_output_tokens":7,"include":["reasoning.encrypted_content"],"stream":true,' +
        '"tools":[{"type":"function","name":"look","description":"Looks","parameters":{"properties":{},"type":"object"},"strict":false}],' +
        '"instructions":"Be kind.","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},' +
        '{"role":"assistant","content":"I look."},' +
        '{"type":"function_call","call_id":"r1t1c1","name":"look","arguments":"{\\"n\\":1.0}"},' +
        '{"type":"function_call_output","call_id":"r1t1c1","output":"ok"}]}'
    )
  })

  it.effect.prop(
    "has one output for each call, consists of its pieces, and is a prefix of the next request",
    [Rounds, Schema.String],
    ([rounds, system]) =>
      Effect.gen(function* () {
        const all = history(rounds)
        const json = body({}, request(all, { system }))
        const { input } = yield* Effect.orDie(decode(json))
        const ids = (type: string) => input.flatMap((item) => (item.type === type ? [item.call_id] : []))
        assert.deepStrictEqual(ids("function_call_output"), ids("function_call"))
        const parts = pieces({}, request(all, { system }))
        assert.strictEqual(parts.map(({ text }) => text).join(""), json)
        const before = body({}, request(all.slice(0, -2), { system }))
        if (all.length > 2) assert.isTrue(json.startsWith(before.slice(0, -2)))
      }),
    { arbitrary: { runs: 100 } }
  )
})
