import { assert, describe, it } from "@effect/vitest"
import { CallId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ToolDefinition } from "@parley/domain/Tool"
import { serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { body, pieces } from "../src/openai/ChatRequest.ts"
import * as OpenAiModels from "../src/openai/OpenAiModels.ts"
import * as OpenAiSettings from "../src/openai/OpenAiSettings.ts"
import { history, Rounds } from "./support/Histories.ts"
import { chat, done, ends, words } from "./support/OpenAi.ts"
import { request, run, user } from "./support/Turn.ts"

const png = "iVBORw0KGgoAAAANSUhEUg=="
const Call = Schema.Struct({
  id: Schema.String,
  type: Schema.Literal("function"),
  function: Schema.Struct({
    name: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/)),
    arguments: Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
  })
})
const Part = Schema.Record(Schema.String, Schema.Json)
const Sent = Schema.Struct({
  role: Schema.Literals(["system", "user", "assistant", "tool"]),
  content: Schema.NullOr(Schema.Union([Schema.String, Part.pipe(Schema.Array)])),
  tool_call_id: Schema.optionalKey(Schema.String),
  tool_calls: Call.pipe(Schema.Array, Schema.optionalKey)
})
const Wire = Schema.fromJsonString(
  Schema.Struct({
    model: Schema.String,
    max_tokens: Schema.optionalKey(Schema.Int),
    stream: Schema.Literal(true),
    stream_options: Schema.Struct({ include_usage: Schema.Literal(true) }),
    tools: Schema.Json.pipe(Schema.Array, Schema.optionalKey),
    messages: Schema.Array(Sent)
  })
)
const decode = Schema.decodeUnknownEffect(Wire, { onExcessProperty: "error" })
const wire = (messages: ReadonlyArray<Message>, more: Parameters<typeof request>[1] = {}) =>
  Effect.orDie(decode(body({}, request(messages, more))))

const callId = CallId.make("r1t1c1")
const called: Message = {
  role: "assistant",
  content: [
    { _tag: "Thinking", provider: "openai-chat", text: "hm", raw: "" },
    { _tag: "Text", text: "I look." },
    { _tag: "ToolCall", callId, providerId: "x", name: "look up", input: '{"n": 1.50}' }
  ]
}

describe("the body of a Chat Completions request", () => {
  it.effect("has the settings, the system prompt, the tools and the messages", () =>
    Effect.gen(function* () {
      const tool: ToolDefinition = {
        name: "look",
        server: "s",
        tool: "look",
        description: "Looks",
        inputSchema: { type: "object", anyOf: [{ required: ["a"] }] }
      }
      const json = body({ max_tokens: 7 }, request([user("hi", "you")], { system: "Be kind.", tools: [tool] }))
      assert.strictEqual(
        json,
        '{"model":"m","max_tokens":7,"stream":true,"stream_options":{"include_usage":true},' +
          '"tools":[{"type":"function","function":{"name":"look","description":"Looks",' +
          '"parameters":{"properties":{},"type":"object"},"strict":false}}],' +
          '"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"hi\\n\\nyou"}]}'
      )
    })
  )

  it.effect("sends calls with our ids and their input verbatim, and no thinking", () =>
    Effect.gen(function* () {
      const json = body({}, request([user("hi"), called, user("go on")]))
      assert.include(json, String.raw`"arguments":"{\"n\": 1.50}"`)
      const { messages } = yield* wire([user("hi"), called, user("go on")])
      assert.deepStrictEqual(messages[1], {
        role: "assistant",
        content: "I look.",
        tool_calls: [{ id: "r1t1c1", type: "function", function: { name: "look_up", arguments: { n: 1.5 } } }]
      })
      assert.notInclude(json, "hm")
    })
  )

  it.effect("sends each result as a message, and its images in a message of the user", () =>
    Effect.gen(function* () {
      const { messages } = yield* wire([
        user("hi"),
        called,
        {
          role: "user",
          content: [
            {
              _tag: "ToolResult",
              callId,
              isError: true,
              content: [
                { _tag: "Text", text: "no" },
                { _tag: "Image", mediaType: "image/jpeg", data: png },
                { _tag: "Document", mediaType: "application/pdf", data: "JVBERg==" }
              ]
            },
            { _tag: "Text", text: "and now?" }
          ]
        }
      ])
      assert.deepStrictEqual(messages.slice(2), [
        {
          role: "tool",
          tool_call_id: "r1t1c1",
          content: "The tool failed:\nno\n\n[image]\n\n[document of type application/pdf, which cannot be shown]"
        },
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
            { type: "text", text: "and now?" }
          ]
        }
      ])
    })
  )

  it("has no system message without visible text, and no half of a surrogate pair", () => {
    assert.notInclude(body({}, request([user("hi")], { system: " \n" })), '"system"')
    assert.include(body({}, request([user("hi")], { system: "a\ud800" })), '{"role":"system","content":"a\ufffd"}')
  })

  it("serialises a message and a tool once, even in different lists", () => {
    let reads = 0
    const counted: Message = {
      role: "user",
      get content() {
        reads++
        return [{ _tag: "Text" as const, text: "hi" }]
      }
    }
    const tool: ToolDefinition = {
      name: "look",
      server: "s",
      tool: "look",
      get description() {
        reads++
        return "Looks"
      },
      inputSchema: { type: "object" }
    }
    body({}, request([counted], { tools: [tool] }))
    const before = reads
    assert.isAbove(before, 0)
    body({}, request([counted, user("more")], { tools: [tool, { ...tool, description: "" }] }))
    // The copy of the tool reads the description once more.
    assert.strictEqual(reads, before + 1)
  })

  it.effect("sends text documents as text, and replaces what cannot be sent", () =>
    Effect.gen(function* () {
      const { messages } = yield* wire([
        {
          role: "user",
          content: [
            { _tag: "Document", mediaType: "text/plain", data: "aGVsbG8=" },
            { _tag: "Image", mediaType: "image/tiff", data: "AAAA" }
          ]
        }
      ])
      assert.strictEqual(messages[0]?.content, "hello\n\n[image of type image/tiff, which cannot be shown]")
    })
  )

  it.effect.prop(
    "is legal, consists of its pieces, and is a prefix of the next request",
    [Rounds, Schema.String],
    ([rounds, system]) =>
      Effect.gen(function* () {
        const all = history(rounds)
        const { messages } = yield* wire(all, { system })
        // Each assistant message with calls is followed by exactly their results, in order.
        const ids = messages.flatMap(({ tool_calls = [] }, i) => {
          const results = messages.slice(i + 1, i + 1 + tool_calls.length)
          assert.deepStrictEqual(
            results.map((one) => one.tool_call_id),
            tool_calls.map(({ id }) => id)
          )
          return tool_calls.map(({ id }) => id)
        })
        assert.strictEqual(ids.length, messages.filter(({ role }) => role === "tool").length)
        const json = body({}, request(all, { system }))
        assert.strictEqual(
          pieces({}, request(all, { system }))
            .map(({ text }) => text)
            .join(""),
          json
        )
        const before = body({}, request(all.slice(0, -2), { system }))
        if (all.length > 2) assert.isTrue(json.startsWith(before.slice(0, -2)))
      }),
    { arbitrary: { runs: 100 } }
  )
})

describe("a model of an OpenAI-compatible server", () => {
  const local = chat("http://127.0.0.1:11434/v1/chat/completions", { maxOutputTokens: 9 })
  it("has no context window unless one is configured, and the configured output limit", () => {
    assert.deepInclude(local.describe("qwen3:8b"), {
      ref: { provider: "local", model: "qwen3:8b" },
      maxOutput: 9,
      settings: { max_tokens: 9 },
      endpoint: "http://127.0.0.1:11434/v1"
    })
    assert.notProperty(local.describe("m"), "contextWindow")
    assert.deepInclude(local.describe("m", { contextWindow: 8192, maxOutputTokens: 5 }), {
      contextWindow: 8192,
      settings: { max_tokens: 5 }
    })
  })
  it("accepts images and no documents", () => {
    assert.deepStrictEqual(Object.keys(local.describe("m").accepts ?? {}), [
      "image/jpeg",
      "image/png",
      "image/gif",
      "image/webp"
    ])
  })
})

describe("the settings of a request", () => {
  const own = { max_tokens: 9 }
  it("take precedence over the provider's, and invalid ones are ignored", () => {
    assert.deepStrictEqual(OpenAiSettings.ofChat(undefined, own), own)
    assert.deepStrictEqual(OpenAiSettings.ofChat({ max_tokens: 1 }, own), { max_tokens: 1 })
    assert.deepStrictEqual(OpenAiSettings.ofChat({}, own), {})
    for (const max_tokens of [0, 0.5, "1"])
      assert.deepStrictEqual(OpenAiSettings.ofChat({ max_tokens }, own), own, `${max_tokens}`)
    assert.deepStrictEqual(OpenAiSettings.ofResponses({ include: ["x"] }, { max_output_tokens: 9 }), {
      max_output_tokens: 9
    })
  })

  it.live("are what the body contains, as its pieces do", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [words("a"), ends("stop"), done] })
      const provider = chat(server.url, { maxOutputTokens: 9 })
      const stored = { ...request([user("hi")]), settings: { max_tokens: 3 } }
      yield* run(provider, stored)
      const sent = server.received[0]?.body
      assert.include(sent, '"max_tokens":3,')
      assert.strictEqual(
        provider
          .render?.(stored)
          .map(({ text }) => text)
          .join(""),
        sent
      )
    })
  )
})

describe("the base URL of an OpenAI-compatible server", () => {
  const table = [
    ["http://box", "http://box/v1"],
    ["http://box/", "http://box/v1"],
    ["http://box:8080/v1//", "http://box:8080/v1"],
    ["http://box/api", "http://box/api"],
    ["http://box/v1/chat/completions", "http://box/v1"],
    ["http://box/v1/responses/", "http://box/v1"],
    [" http://box/v1/models ", "http://box/v1"],
    ["http://box/models", "http://box/v1"]
  ] as const
  for (const [url, expected] of table)
    it(`of ${url} is ${expected}`, () => assert.strictEqual(OpenAiSettings.baseOf(url), expected))
})

describe("a model of OpenAI", () => {
  it("reasons unless its name is that of an older or a chat model", () => {
    for (const model of ["gpt-6.2-sol", "gpt-5", "o3", "ft:o4-mini:me"])
      assert.isTrue(OpenAiModels.reasons(model), model)
    for (const model of ["gpt-4o", "gpt-3.5-turbo", "chatgpt-4o-latest", "ft:gpt-4o:me", "gpt-5-chat-latest"])
      assert.isFalse(OpenAiModels.reasons(model), model)
  })

  it("has the larger window only if it is known", () => {
    for (const model of OpenAiModels.models)
      assert.deepStrictEqual(OpenAiModels.limitsOf(model), { contextWindow: 272_000, maxOutputTokens: 32_000 })
    assert.deepStrictEqual(OpenAiModels.limitsOf("gpt-4o"), { contextWindow: 128_000, maxOutputTokens: 16_000 })
  })
})
