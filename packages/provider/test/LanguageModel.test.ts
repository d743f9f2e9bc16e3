import { CallId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import { AiError, LanguageModel as Ai, type Response } from "effect/ai"
import { make } from "../src/effectai/LanguageModel.ts"

type Encoded = Response.StreamPartEncoded
type Seen = Array<Ai.ProviderOptions>

/** A model of `effect/ai` that streams the given parts, in arrays as a network would deliver them. */
const scripted = (
  arrays: ReadonlyArray<ReadonlyArray<Encoded>>,
  seen: Seen = [],
  end: Stream.Stream<Encoded, AiError.AiError> = Stream.empty
) =>
  Ai.make({
    generateText: () => Effect.die("not streamed"),
    streamText: (options) => {
      seen.push(options)
      return Stream.concat(Stream.fromIterable(arrays).pipe(Stream.flatMap((parts) => Stream.fromArray(parts))), end)
    }
  })

const usage = {
  inputTokens: { uncached: 7, total: 12, cacheRead: 3, cacheWrite: 2 },
  outputTokens: { total: 5, text: undefined, reasoning: undefined }
}
const finish = (reason: Response.FinishReason): Encoded => ({ type: "finish", reason, usage, response: undefined })
const look = {
  name: "ws__look",
  server: "ws",
  tool: "look",
  description: "Looks",
  inputSchema: { type: "object", properties: { at: { type: "string" } } }
}
const request = (messages: ReadonlyArray<Message>): ModelRequest => ({
  model: { provider: "mine", model: "m" },
  system: "Be brief.",
  tools: [look],
  messages
})
const hello = request([{ role: "user", content: [{ _tag: "Text", text: "hello" }] }])

const collect = (
  arrays: ReadonlyArray<ReadonlyArray<Encoded>>,
  seen: Seen = [],
  sent = hello,
  end: Stream.Stream<Encoded, AiError.AiError> = Stream.empty
) =>
  Effect.gen(function* () {
    const model = yield* scripted(arrays, seen, end)
    const chunks: Array<ProviderChunk> = []
    const exit = yield* make({ id: "mine", name: "m", model })
      .stream(sent)
      .pipe(
        Stream.runForEach((chunk) => Effect.sync(() => chunks.push(chunk))),
        Effect.exit
      )
    return { chunks, exit }
  })

describe("a model of effect/ai as a provider", () => {
  it.effect("streams text, reasoning and calls as chunks", () =>
    Effect.gen(function* () {
      const { chunks } = yield* collect([
        [
          { type: "response-metadata", id: "resp_1", modelId: "m", timestamp: undefined },
          { type: "reasoning-start", id: "r", metadata: {} },
          { type: "reasoning-delta", id: "r", delta: "hm" }
        ],
        [
          { type: "reasoning-end", id: "r", metadata: { mine: { signature: "sig" } } },
          { type: "text-start", id: "t" },
          { type: "text-delta", id: "t", delta: "Let me " },
          { type: "text-delta", id: "t", delta: "look." },
          { type: "text-end", id: "t" }
        ],
        [
          { type: "tool-params-start", id: "c1", name: "ws__look", providerExecuted: false },
          { type: "tool-params-delta", id: "c1", delta: `{"at":` },
          { type: "tool-params-delta", id: "c1", delta: `"x"}` },
          { type: "tool-params-end", id: "c1" },
          { type: "tool-call", id: "c1", name: "ws__look", params: { at: "x" } },
          { type: "tool-call", id: "c2", name: "unknown", params: { n: 1 } },
          finish("tool-calls")
        ]
      ])
      assert.deepStrictEqual(chunks, [
        { _tag: "ThinkingDelta", index: 0, text: "hm" },
        {
          _tag: "ThinkingEnd",
          index: 0,
          provider: "mine",
          raw: `{"text":"hm","options":{"mine":{"signature":"sig"}}}`
        },
        { _tag: "TextDelta", index: 1, text: "Let me " },
        { _tag: "TextDelta", index: 1, text: "look." },
        { _tag: "ToolCallStart", index: 2, providerId: "c1", name: "ws__look" },
        { _tag: "ToolInputDelta", index: 2, json: `{"at":` },
        { _tag: "ToolInputDelta", index: 2, json: `"x"}` },
        { _tag: "ToolCallStart", index: 3, providerId: "c2", name: "unknown" },
        { _tag: "ToolInputDelta", index: 3, json: `{"n":1}` },
        {
          _tag: "Finish",
          stop: "tool-calls",
          usage: { inputTokens: 7, outputTokens: 5, cacheReadTokens: 3, cacheWriteTokens: 2 },
          detail: "tool-calls",
          responseId: "resp_1"
        }
      ])
    })
  )

  it.effect("keeps calls apart that have the same id", () =>
    Effect.gen(function* () {
      const call = (n: number): Encoded => ({ type: "tool-call", id: "c", name: "ws__look", params: { n } })
      const start: Encoded = { type: "tool-params-start", id: "c", name: "ws__look", providerExecuted: false }
      const delta: Encoded = { type: "tool-params-delta", id: "c", delta: `{"n":1}` }
      const { chunks } = yield* collect([
        [start, delta, call(1), call(2), start, delta, start, call(4), finish("stop")]
      ])
      const inputs = new Map<number, string>()
      for (const chunk of chunks)
        if (chunk._tag === "ToolInputDelta") inputs.set(chunk.index, (inputs.get(chunk.index) ?? "") + chunk.json)
      assert.deepStrictEqual([...inputs.values()], [`{"n":1}`, `{"n":2}`, `{"n":1}`, `{"n":4}`])
      assert.lengthOf(
        chunks.filter(({ _tag }) => _tag === "ToolCallStart"),
        4
      )
    })
  )

  it.effect("accepts calls although the model reports an ordinary stop", () =>
    Effect.gen(function* () {
      const call: Encoded = { type: "tool-call", id: "c", name: "ws__look", params: {} }
      const { chunks } = yield* collect([[call, finish("stop")]])
      assert.deepInclude(chunks.at(-1), { _tag: "Finish", stop: "tool-calls" })
      const { chunks: text } = yield* collect([[finish("stop")]])
      assert.deepInclude(text.at(-1), { _tag: "Finish", stop: "end" })
    })
  )

  for (const [reason, stop] of [
    ["length", "length"],
    ["content-filter", "refusal"],
    ["pause", "pause"],
    ["other", "other"],
    ["unknown", "other"]
  ] as const)
    it.effect(`reports ${reason} as ${stop}`, () =>
      Effect.gen(function* () {
        const { chunks } = yield* collect([[finish(reason)]])
        assert.deepInclude(chunks.at(-1), { _tag: "Finish", stop, detail: reason })
      })
    )

  it.effect("sends the conversation as a prompt, with ids that no two calls share", () =>
    Effect.gen(function* () {
      const [r1, r2] = [CallId.make("r1t1c1"), CallId.make("r1t1c2")]
      const seen: Seen = []
      yield* collect(
        [[finish("stop")]],
        seen,
        request([
          {
            role: "user",
            content: [
              { _tag: "Text", text: "what is it?" },
              { _tag: "Image", mediaType: "image/png", data: "aGk=" }
            ]
          },
          {
            role: "assistant",
            content: [
              {
                _tag: "Thinking",
                provider: "mine",
                text: "hm",
                raw: `{"text":"hm","options":{"mine":{"signature":"sig"}}}`
              },
              { _tag: "Thinking", provider: "another", text: "secret", raw: "{}" },
              { _tag: "Text", text: "I look." },
              { _tag: "ToolCall", callId: r1, providerId: "c1", name: "ws__look", input: `{"at":"x"}` },
              { _tag: "ToolCall", callId: r2, providerId: "c2", name: "ws__look", input: `{"at":` }
            ]
          },
          {
            role: "user",
            content: [
              { _tag: "ToolResult", callId: r1, isError: false, content: [{ _tag: "Text", text: "a cat" }] },
              {
                _tag: "ToolResult",
                callId: r2,
                isError: true,
                content: [
                  { _tag: "Text", text: "see" },
                  { _tag: "Image", mediaType: "image/png", data: "aGk=" }
                ]
              },
              { _tag: "Text", text: "go on" }
            ]
          }
        ])
      )
      const content = seen[0]?.prompt.content ?? []
      assert.deepStrictEqual(
        content.map(({ role }) => role),
        ["system", "user", "assistant", "tool", "user"]
      )
      const parts = content.flatMap(({ content }): ReadonlyArray<unknown> =>
        typeof content === "string" ? [content] : content
      )
      assert.deepInclude(parts[2], { type: "file", mediaType: "image/png", data: "aGk=" })
      assert.deepInclude(parts[3], { type: "reasoning", text: "hm", options: { mine: { signature: "sig" } } })
      assert.deepInclude(parts[4], { type: "text", text: "I look." })
      assert.deepInclude(parts[5], { type: "tool-call", id: "r1t1c1", name: "ws__look", params: { at: "x" } })
      assert.deepInclude(parts[6], { type: "tool-call", id: "r1t1c2", params: { input: `{"at":` } })
      assert.deepInclude(parts[7], {
        type: "tool-result",
        id: "r1t1c1",
        name: "ws__look",
        isFailure: false,
        result: "a cat"
      })
      assert.deepInclude(parts[8], { type: "tool-result", id: "r1t1c2", isFailure: true, result: "see\n[image/png]" })
      const results = content.flatMap((message) => (message.role === "tool" ? message.content : []))
      const outputs = results.flatMap((part) => (part.type === "tool-result" ? (part.modelOutput ?? []) : []))
      assert.deepStrictEqual(
        outputs.map(({ type }) => type),
        ["text", "file"]
      )
      assert.deepStrictEqual(
        seen[0]?.tools.map(({ name }) => name),
        ["ws__look"]
      )
    })
  )

  const reasons: ReadonlyArray<readonly [AiError.AiErrorReason, string]> = [
    [new AiError.RateLimitError({}), "RateLimited"],
    [new AiError.QuotaExhaustedError({}), "QuotaExhausted"],
    [new AiError.AuthenticationError({ kind: "InvalidKey" }), "Unauthorized"],
    [new AiError.ContentPolicyError({ description: "no" }), "Refused"],
    [new AiError.InvalidRequestError({ description: "prompt is too long: 3 tokens > 2 maximum" }), "ContextOverflow"],
    [new AiError.InvalidRequestError({ description: "tools: no such field" }), "InvalidRequest"],
    [new AiError.InternalProviderError({ description: "down" }), "Overloaded"],
    [new AiError.UnknownError({ description: "odd" }), "StreamBroken"]
  ]
  for (const [reason, tag] of reasons)
    it.effect(`turns ${reason._tag} into ${tag}, after the chunks that arrived`, () =>
      Effect.gen(function* () {
        const failing = Stream.fail(AiError.make({ module: "Test", method: "streamText", reason }))
        const { chunks, exit } = yield* collect([[{ type: "text-delta", id: "t", delta: "half" }]], [], hello, failing)
        assert.deepStrictEqual(chunks, [{ _tag: "TextDelta", index: 0, text: "half" }])
        const error = Exit.isFailure(exit)
          ? exit.cause.reasons.find((cause) => cause._tag === "Fail")?.error
          : undefined
        assert.strictEqual(error?.reason._tag, tag)
      })
    )

  it.effect("fails on an error part after the parts before it", () =>
    Effect.gen(function* () {
      const { chunks, exit } = yield* collect([
        [
          { type: "text-delta", id: "t", delta: "half" },
          { type: "error", error: new Error("cut off") },
          { type: "text-delta", id: "t", delta: "never" }
        ]
      ])
      assert.deepStrictEqual(chunks, [{ _tag: "TextDelta", index: 0, text: "half" }])
      assert.isTrue(Exit.isFailure(exit))
    })
  )

  it.effect("ignores calls that the provider runs itself", () =>
    Effect.gen(function* () {
      const { chunks } = yield* collect([
        [
          { type: "tool-params-start", id: "s", name: "search", providerExecuted: true },
          { type: "tool-params-delta", id: "s", delta: "{}" },
          finish("stop")
        ]
      ])
      assert.deepStrictEqual(
        chunks.map(({ _tag }) => _tag),
        ["Finish"]
      )
      assert.deepInclude(chunks[0], { stop: "end" })
    })
  )

  it.effect("is described with what the application knows of it", () =>
    Effect.gen(function* () {
      const model = yield* scripted([])
      const provider = make({
        id: "mine",
        name: "m",
        model,
        info: { contextWindow: 1000, price: { input: 1, output: 2 } }
      })
      assert.deepStrictEqual(provider.models, [
        {
          ref: { provider: "mine", model: "m" },
          efforts: [],
          description: "a model of effect/ai",
          contextWindow: 1000,
          price: { input: 1, output: 2 }
        }
      ])
      assert.strictEqual(
        make({ id: "mine", name: "m", model, info: { description: "a local model" } }).describe("m").description,
        "a local model"
      )
      assert.deepInclude(provider.describe("m", { contextWindow: 500, maxOutputTokens: 7 }), {
        contextWindow: 500,
        maxOutput: 7
      })
    })
  )
})
