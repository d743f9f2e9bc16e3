import { LLMock } from "@copilotkit/aimock"
import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { illegal, type Message } from "@parley/domain/Message"
import type { ToolDefinition } from "@parley/domain/Tool"
import * as Effect from "effect/Effect"
import { provider, request, run, textOf, type Turn, user } from "./support/Turn.ts"

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

describe("against aimock, through the real SDK", () => {
  it.live("text", () =>
    Effect.gen(function* () {
      const mock = yield* mocked((mock) =>
        mock.onMessage("hello", {
          content: "Hi there, 你好! How are you?",
          usage: { input_tokens: 7, output_tokens: 9 }
        })
      )
      const turn = yield* run(provider(mock.url), request([user("hello")], { system: "Be kind." }))
      assert.strictEqual(textOf(turn), "Hi there, 你好! How are you?")
      assert.strictEqual(turn.finish?.stop, "end")
      assert.strictEqual(turn.finish?.usage.inputTokens, 7)
      assert.strictEqual(turn.finish?.usage.outputTokens, 9)
      assert.isUndefined(turn.malformed)
    })
  )

  it.live("thinking with two parallel tool calls, then their results", () =>
    Effect.gen(function* () {
      const mock = yield* mocked((mock) =>
        mock
          .on(
            { userMessage: "weather", hasToolResult: false },
            {
              reasoning: "Two cities, so two calls.",
              reasoningSignature: "c2lnbmF0dXJl",
              toolCalls: [
                { id: "toolu_a", name: "weather", arguments: '{"city":"Rome"}' },
                { id: "toolu_b", name: "weather", arguments: '{"city":"Oslo"}' }
              ]
            }
          )
          .on({ hasToolResult: true }, { content: "Sunny in both." })
      )
      const anthropic = provider(mock.url, { thinking: { type: "enabled", budget_tokens: 1024 } })
      const ask = user("weather in Rome and Oslo?")
      const first = yield* run(anthropic, request([ask], { tools: [weather] }))
      assert.isUndefined(first.error)
      assert.strictEqual(first.finish?.stop, "tool-calls")
      assert.deepStrictEqual(
        first.blocks.map((block) => (block._tag === "ToolCall" ? `${block.providerId} ${block.input}` : block._tag)),
        ["Thinking", 'toolu_a {"city":"Rome"}', 'toolu_b {"city":"Oslo"}']
      )
      const [thinking] = first.blocks
      assert.strictEqual(
        thinking?._tag === "Thinking" ? thinking.raw : "",
        '{"type":"thinking","thinking":"Two cities, so two calls.","signature":"c2lnbmF0dXJl"}'
      )

      const messages: ReadonlyArray<Message> = [
        ask,
        { role: "assistant", content: first.blocks },
        results(first, "sunny")
      ]
      assert.isUndefined(illegal(messages))
      const second = yield* run(anthropic, request(messages, { tools: [weather] }))
      // Strict aimock answers 400 if the thinking block is missing.
      assert.isUndefined(second.error)
      assert.strictEqual(textOf(second), "Sunny in both.")
    })
  )

  it.live("429 with its retry-after, and 529", () =>
    Effect.gen(function* () {
      const mock = yield* mocked((mock) =>
        mock
          .onMessage("fast", { error: { message: "Slow down", type: "rate_limit_error" }, status: 429, retryAfter: 3 })
          .onMessage("big", { error: { message: "Overloaded", type: "overloaded_error" }, status: 529 })
      )
      const limited = yield* run(provider(mock.url), request([user("fast")]))
      const overloaded = yield* run(provider(mock.url), request([user("big")]))
      assert.strictEqual(limited.error?.reason._tag, "RateLimited")
      assert.deepInclude(limited.error?.reason, { retryAfterMillis: 3000 })
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
      const turn = yield* run(provider(mock.url), request([user("long")]))
      assert.strictEqual(turn.error?.reason._tag, "StreamBroken")
      assert.isUndefined(turn.finish)
      assert.isTrue("abcdefghijklmnopqrstuvwxyz".startsWith(textOf(turn)) && textOf(turn) !== "")
    })
  )
})
