import { assert, describe, it } from "@effect/vitest"
import type { Block, ResultContent } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import { illegal, type Message } from "@parley/domain/Message"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Schema from "effect/Schema"
import { body } from "../src/anthropic/AnthropicRequest.ts"
import * as AnthropicSettings from "../src/anthropic/AnthropicSettings.ts"
import { message, text } from "@parley/harness/Events"
import { once } from "../src/request/Once.ts"
import { history, Rounds } from "./support/Histories.ts"
import { serve } from "@parley/harness/SseServer"
import { provider, request, run, user } from "./support/Turn.ts"

const settings = AnthropicSettings.make({})
const bare = AnthropicSettings.make({ maxOutputTokens: 5, caching: false })

const tool: ToolDefinition = {
  name: "workspace__read_file",
  server: "workspace",
  tool: "read_file",
  description: "Reads a file",
  inputSchema: { type: "object", properties: { path: { type: "string" } }, required: ["path"] }
}

const call = (id: string, input: string, name: string = tool.name): Block => ({
  _tag: "ToolCall",
  callId: CallId.make(id),
  providerId: "toolu_1",
  name,
  input
})
const result = (id: string, isError: boolean, ...content: ReadonlyArray<ResultContent>): Block => ({
  _tag: "ToolResult",
  callId: CallId.make(id),
  isError,
  content
})

/** The messages part of a body. */
const messagesOf = (...content: ReadonlyArray<Block>): string => {
  const json = body(bare, request([{ role: "user", content }]))
  return json.slice(json.indexOf('"content":[') + 11, -4)
}

describe("the body", () => {
  it("omits alternatives at the root of a tool's schema, which the API rejects, and keeps all others", () => {
    const either = { anyOf: [{ required: ["a"] }, { required: ["b"] }] }
    const root = { type: "object", properties: { a: { ...either } } }
    const odd = { ...tool, inputSchema: { ...root, ...either, oneOf: [], allOf: [] } }
    const sent = body(bare, request([{ role: "user", content: [{ _tag: "Text", text: "x" }] }], { tools: [odd] }))
    assert.include(sent, `"input_schema":${JSON.stringify(root)}`)
    assert.notInclude(sent, '"oneOf"')
  })

  it.live("reaches the server byte for byte", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      const messages: ReadonlyArray<Message> = [
        user("Réad “it”", "now"),
        {
          role: "assistant",
          content: [
            {
              _tag: "Thinking",
              provider: "anthropic",
              text: "hm",
              raw: '{"type":"thinking", "thinking":"h\\u006d","signature":"s"}'
            },
            { _tag: "Thinking", provider: "other", text: "hm", raw: '{"x":1}' },
            {
              _tag: "Opaque",
              provider: "anthropic",
              kind: "redacted_thinking",
              raw: '{"type":"redacted_thinking","data":"=="}'
            },
            { _tag: "Text", text: "Reading." },
            call("r1t1c1", '{"path": "a", "n": 1.0}'),
            call("r1t1c2", '{"path": "b')
          ]
        },
        {
          role: "user",
          content: [
            result(
              "r1t1c1",
              false,
              { _tag: "Text", text: "one" },
              { _tag: "Image", mediaType: "image/png", data: "iVBO" }
            ),
            result("r1t1c2", true)
          ]
        }
      ]
      yield* run(provider(server.url), request(messages, { system: "Be brief.", tools: [tool] }))
      assert.strictEqual(
        server.received[0]?.body,
        '{"model":"m","max_tokens":32000,"stream":true,' +
          '"tools":[{"name":"workspace__read_file","description":"Reads a file","input_schema":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]},"cache_control":{"type":"ephemeral"}}],' +
          '"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],' +
          '"messages":[{"role":"user","content":[{"type":"text","text":"Réad “it”"},{"type":"text","text":"now","cache_control":{"type":"ephemeral"}}]},' +
          '{"role":"assistant","content":[{"type":"thinking", "thinking":"h\\u006d","signature":"s"},{"type":"redacted_thinking","data":"=="},' +
          '{"type":"text","text":"Reading."},{"type":"tool_use","id":"r1t1c1","name":"workspace__read_file","input":{"path": "a", "n": 1.0}},' +
          '{"type":"tool_use","id":"r1t1c2","name":"workspace__read_file","input":{}}]},' +
          '{"role":"user","content":[{"type":"tool_result","tool_use_id":"r1t1c1","content":[{"type":"text","text":"one"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]},' +
          '{"type":"tool_result","tool_use_id":"r1t1c2","content":[{"type":"text","text":"The tool failed and gave no reason."}],"is_error":true,"cache_control":{"type":"ephemeral"}}]}]}'
      )
    })
  )

  it("contains only the required members by default", () => {
    assert.strictEqual(
      body(
        AnthropicSettings.make({
          maxOutputTokens: 5,
          caching: false,
          thinking: { type: "adaptive", display: "summarized" }
        }),
        request([user("hi")])
      ),
      '{"model":"m","max_tokens":5,"stream":true,"thinking":{"type":"adaptive","display":"summarized"},"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}'
    )
  })

  it("contains the options", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn")] })
      const thinking = { type: "enabled", budget_tokens: 2048 } as const
      yield* run(provider(server.url, { maxOutputTokens: 4096, thinking, caching: false }))
      assert.include(
        server.received[0]?.body,
        '"max_tokens":4096,"stream":true,"thinking":{"type":"enabled","budget_tokens":2048},"messages"'
      )
    }).pipe(Effect.scoped, Effect.runPromise))
})

describe("content that the API would reject is never sent", () => {
  it.each([
    [
      "text without a visible character",
      [
        { _tag: "Text", text: " \n" },
        { _tag: "Text", text: "x" }
      ],
      '{"type":"text","text":"x"}'
    ],
    ["half a surrogate pair", [{ _tag: "Text", text: "a\ud83d" }], '{"type":"text","text":"a\uFFFD"}'],
    [
      "an image type it does not know",
      [{ _tag: "Image", mediaType: "image/tiff", data: "AA" }],
      '{"type":"text","text":"[image of type image/tiff, which cannot be shown]"}'
    ],
    [
      "a document type it does not know",
      [{ _tag: "Document", mediaType: "application/zip", data: "AA" }],
      '{"type":"text","text":"[document of type application/zip, which cannot be shown]"}'
    ],
    [
      "text that is not base64",
      [{ _tag: "Document", mediaType: "text/plain", data: "%" }],
      '{"type":"text","text":"[document of type text/plain, which cannot be shown]"}'
    ],
    [
      "a PDF",
      [{ _tag: "Document", mediaType: "application/pdf", data: "JVBE", name: "a.pdf" }],
      '{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf"}'
    ],
    [
      "plain text",
      [{ _tag: "Document", mediaType: "text/markdown; charset=utf-8", data: Base64.encode("# é") }],
      '{"type":"document","source":{"type":"text","media_type":"text/plain","data":"# é"}}'
    ],
    [
      "JSON",
      [{ _tag: "Document", mediaType: "application/ld+json", data: Base64.encode("{}") }],
      '{"type":"document","source":{"type":"text","media_type":"text/plain","data":"{}"}}'
    ],
    [
      "raw blocks that are not JSON",
      [
        { _tag: "Opaque", provider: "anthropic", kind: "x", raw: "" },
        { _tag: "Thinking", provider: "anthropic", text: "", raw: "{" }
      ],
      ""
    ],
    [
      "an invalid tool name",
      [call("c1", "{}", "read file!")],
      '{"type":"tool_use","id":"c1","name":"read_file_","input":{}}'
    ],
    ["no name", [call("c1", "{}", "")], '{"type":"tool_use","id":"c1","name":"_","input":{}}'],
    [
      "input that is not an object",
      [call("c1", "[1]")],
      '{"type":"tool_use","id":"c1","name":"workspace__read_file","input":{}}'
    ],
    ["an empty result", [result("c1", false, { _tag: "Text", text: "" })], '{"type":"tool_result","tool_use_id":"c1"}']
  ] as const)("%s", (_, content, expected) => {
    if (expected === "") assert.include(body(bare, request([{ role: "user", content }])), '"messages":[]')
    else assert.strictEqual(messagesOf(...content), expected)
  })
})

describe("cost depends on the new content only", () => {
  it("a message and a tool are serialised once, even in different lists", () => {
    let reads = 0
    const counted: Message = {
      role: "user",
      get content() {
        reads++
        return [{ _tag: "Text" as const, text: "hi" }]
      }
    }
    const countedTool: ToolDefinition = {
      ...tool,
      get description() {
        reads++
        return "x"
      }
    }
    const first = body(settings, request([counted], { tools: [countedTool] }))
    const before = reads
    assert.strictEqual(body(settings, request([counted], { tools: [countedTool] })), first)
    body(settings, request([counted, user("more")], { tools: [countedTool, tool] }))
    assert.strictEqual(reads, before)
  })

  it("an empty or a negative result is remembered too", () => {
    for (const result of ["", false] as const) {
      let calls = 0
      const memoized = once(() => {
        calls++
        return result
      })
      const [one, other] = [{}, {}]
      assert.deepStrictEqual([one, one, other, one].map(memoized), [result, result, result, result])
      assert.strictEqual(calls, 2)
    }
  })
})

const Sent = Schema.Struct({
  messages: Schema.Array(
    Schema.Struct({
      role: Schema.String,
      content: Schema.Array(
        Schema.Struct({
          type: Schema.optionalKey(Schema.Unknown),
          id: Schema.optionalKey(Schema.Unknown),
          tool_use_id: Schema.optionalKey(Schema.Unknown),
          text: Schema.optionalKey(Schema.Unknown)
        })
      )
    })
  )
})
const decode = Schema.decodeSync(Schema.fromJsonString(Sent))

describe("for every legal history", () => {
  it.prop(
    "the body is JSON, each tool_use is followed by its result in order, and nothing is empty",
    [Rounds],
    ([rounds]) => {
      const messages = history(rounds)
      assert.isUndefined(illegal(messages))
      const sent = decode(body(settings, request(messages, { system: "s", tools: [tool] })))
      assert.strictEqual(sent.messages.length, messages.length)
      sent.messages.forEach(({ content, role }, i) => {
        assert.strictEqual(role, i % 2 === 0 ? "user" : "assistant")
        assert.isAbove(content.length, 0)
        for (const block of content) if (block.type === "text") assert.match(String(block.text), /\S/)
        const asked = content.flatMap((block) => (block.type === "tool_use" ? [block.id] : []))
        const answered = sent.messages[i + 1]?.content.flatMap((block) =>
          block.type === "tool_result" ? [block.tool_use_id] : []
        )
        if (role === "assistant") assert.deepStrictEqual(answered, asked)
      })
    },
    { arbitrary: { runs: 200 } }
  )
})
