import { LLMock } from "@copilotkit/aimock"
import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { illegal, type Message } from "@parley/domain/Message"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import { gemini } from "./support/Gemini.ts"
import { chat, responses, summary } from "./support/OpenAi.ts"
import { request, run, textOf, type Turn, user } from "./support/Turn.ts"

/** An independent fake of the API, so that the tests do not depend only on our own understanding of it. */
const mocked = (prepare: (mock: LLMock) => void) =>
  Effect.acquireRelease(
    Effect.promise(() => {
      const mock = new LLMock({ port: 0, strict: true, chunkSize: 5 })
      prepare(mock)
      return mock.start().then(() => mock)
    }),
    (mock) => Effect.promise(() => mock.stop())
  )

const weather: ToolDefinition = {
  name: "weather",
  server: "s",
  tool: "weather",
  description: "The weather",
  inputSchema: { type: "object", properties: { city: { type: "string" } } }
}

const results = (turn: Turn, text: string): Message => ({
  role: "user",
  content: turn.blocks.flatMap((block): ReadonlyArray<Block> =>
    block._tag === "ToolCall"
      ? [{ _tag: "ToolResult", callId: block.callId, isError: false, content: [{ _tag: "Text", text }] }]
      : []
  )
})

const apis = [
  { name: "Chat Completions", make: chat },
  { name: "Responses", make: responses },
  { name: "Gemini", make: gemini }
]

for (const { make, name } of apis)
  describe(`${name} against aimock, through the real SDK`, () => {
    it.live("text and usage", () =>
      Effect.gen(function* () {
        const mock = yield* mocked((mock) =>
          mock.onMessage("hello", {
            content: "Hi there, 你好! How are you?",
            usage: { prompt_tokens: 7, completion_tokens: 9, input_tokens: 7, output_tokens: 9 }
          })
        )
        const turn = yield* run(make(mock.url), request([user("hello")], { system: "Be kind." }))
        assert.isUndefined(turn.error)
        assert.strictEqual(textOf(turn), "Hi there, 你好! How are you?")
        assert.deepInclude(turn.finish, { stop: "end" })
        assert.strictEqual(turn.finish?.usage.inputTokens, 7)
        assert.strictEqual(turn.finish?.usage.outputTokens, 9)
        assert.isUndefined(turn.malformed)
      })
    )

    it.live("two parallel tool calls, then their results", () =>
      Effect.gen(function* () {
        const mock = yield* mocked((mock) =>
          mock
            .on(
              { userMessage: "weather", hasToolResult: false },
              {
                reasoning: "Two cities, so two calls.",
                toolCalls: [
                  { id: "call_a", name: "weather", arguments: '{"city":"Rome"}' },
                  { id: "call_b", name: "weather", arguments: '{"city":"Oslo"}' }
                ]
              }
            )
            .on({ hasToolResult: true }, { content: "Sunny in both." })
        )
        const ask = user("weather in Rome and Oslo?")
        const first = yield* run(make(mock.url), request([ask], { tools: [weather] }))
        assert.deepStrictEqual(summary(first), {
          blocks: ["(Two cities, so two calls.)", 'call_a weather {"city":"Rome"}', 'call_b weather {"city":"Oslo"}'],
          end: "tool-calls",
          malformed: undefined
        })
        const content = first.blocks.filter((block) => !("raw" in block) || block.raw !== "")
        const messages: ReadonlyArray<Message> = [ask, { role: "assistant", content }, results(first, "sunny")]
        assert.isUndefined(illegal(messages))
        const second = yield* run(make(mock.url), request(messages, { tools: [weather] }))
        assert.isUndefined(second.error)
        assert.strictEqual(textOf(second), "Sunny in both.")
      })
    )

    it.live("429 with its retry-after, and 503", () =>
      Effect.gen(function* () {
        const mock = yield* mocked((mock) =>
          mock
            .onMessage("fast", {
              error: { message: "Slow down", type: "rate_limit_error" },
              status: 429,
              retryAfter: 3
            })
            .onMessage("big", { error: { message: "Overloaded", type: "server_error" }, status: 503 })
        )
        const limited = yield* run(make(mock.url), request([user("fast")]))
        const overloaded = yield* run(make(mock.url), request([user("big")]))
        assert.deepInclude(limited.error?.reason, { _tag: "RateLimited", retryAfterMillis: 3000 })
        assert.strictEqual(overloaded.error?.reason._tag, "Overloaded")
        assert.strictEqual(mock.getRequests().length, 2, "nothing is retried")
      })
    )

    it.live("a stream that is cut off", () =>
      Effect.gen(function* () {
        const mock = yield* mocked((mock) =>
          // Without latency aimock discards data that it has not flushed.
          mock.onMessage("long", { content: "abcdefghijklmnopqrstuvwxyz" }, { truncateAfterChunks: 4, latency: 10 })
        )
        const turn = yield* run(make(mock.url), request([user("long")]))
        assert.strictEqual(turn.error?.reason._tag, "StreamBroken")
        assert.isTrue("abcdefghijklmnopqrstuvwxyz".startsWith(textOf(turn)))
      })
    )

    // aimock does not list models in the format of Gemini: see `GeminiModels.test.ts`.
    if (name === "Gemini") return
    it.live("the list of models", () =>
      Effect.gen(function* () {
        const mock = yield* mocked((mock) => mock.onMessage("x", { content: "y" }))
        const models = yield* make(mock.url).discover ?? Effect.succeed([])
        assert.isAbove(models.length, 0)
      })
    )
  })
