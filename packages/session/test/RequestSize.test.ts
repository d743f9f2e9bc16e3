import { type Block, text } from "@parley/domain/Content"
import { callId, roundId } from "@parley/domain/Ids"
import { ModelError, Overloaded } from "@parley/domain/ModelError"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { ToolDefinition } from "@parley/domain/Tool"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as RequestEstimate from "../src/context/RequestEstimate.ts"
import { SessionState } from "../src/log/SessionState.ts"

const ref = { provider: "p", model: "m" }
/** A request of so many tokens, by the estimate. */
const request = (tokens: number): ModelRequest => ({
  model: ref,
  system: "abcd".repeat(tokens),
  tools: [],
  messages: []
})
const info = (more: Partial<ModelInfo>): ModelInfo => ({ ref, description: "", ...more })
const tool = (server: string, letters: number): ToolDefinition => ({
  name: "n",
  server,
  tool: "t",
  description: "d".repeat(letters - 3),
  inputSchema: {}
})

describe("the estimated size of a request", () => {
  it("is a quarter of its bytes, and more for content other than text", () => {
    const of = (...content: ReadonlyArray<Block>) => RequestEstimate.ofMessage({ role: "user", content })
    const raw = { provider: "p", raw: "x".repeat(41) }
    const result = { _tag: "ToolResult" as const, callId: callId(roundId(1), 1), isError: false }
    const image = { _tag: "Image" as const, mediaType: "image/png", data: "x".repeat(100_000) }
    const document = (length: number): Block => ({
      _tag: "Document",
      mediaType: "application/pdf",
      data: "x".repeat(length)
    })
    assert.strictEqual(of(), 8)
    assert.strictEqual(of(text("ääb")), 8 + 8 + 2)
    assert.strictEqual(of({ _tag: "Thinking", text: "", ...raw }), 8 + 8 + 11)
    assert.strictEqual(of({ _tag: "Opaque", kind: "k", ...raw }), 8 + 8 + 11)
    assert.strictEqual(of(image), 8 + 1600)
    assert.strictEqual(of(document(16)), 8 + 1600)
    assert.strictEqual(of(document(1601 * 16)), 8 + 1601)
    assert.strictEqual(of({ ...result, content: [text("abcd"), image] }), 8 + 8 + 9 + 1600)
    assert.strictEqual(
      of({ _tag: "ToolCall", callId: result.callId, providerId: "x", name: "abc", input: "{}" }),
      8 + 8 + 2
    )
  })

  it("counts the tools of each server, the largest first", () => {
    assert.deepStrictEqual(RequestEstimate.ofServers([tool("a", 40), tool("b", 400), tool("a", 44)]), [
      { server: "b", tools: 1, tokens: 108 },
      { server: "a", tools: 2, tokens: 37 }
    ])
    const tools = [tool("a", 40), tool("b", 400)]
    assert.strictEqual(RequestEstimate.ofStable({ system: "abcde", tools }), 2 + 18 + 108)
    assert.strictEqual(
      RequestEstimate.ofStable({ system: "abcdefghi", tools }),
      3 + 18 + 108,
      "another prompt, same tools"
    )
    assert.strictEqual(RequestEstimate.estimate({ ...request(5), tools }).tokens, 5 + 18 + 108)
  })
})

describe("the maximum size of a request", () => {
  it("is the context window less the longest response, which is at most half of it", () => {
    const limit = (more: Partial<ModelInfo>) => RequestEstimate.limitOf(info(more))
    assert.strictEqual(limit({ contextWindow: 10_000, maxOutput: 1000 }), 9000)
    assert.strictEqual(limit({ contextWindow: 100_000 }), 100_000 - 8192)
    assert.strictEqual(limit({ contextWindow: 10_001 }), 5001)
    assert.strictEqual(limit({ contextWindow: 10_000, maxOutput: 9000 }), 5000)
    assert.isUndefined(limit({ maxOutput: 9000 }))
  })
})

describe("when the provider counts a request", () => {
  const measured = (
    tokens: number,
    limit: number | undefined,
    options: { readonly reported?: number; readonly count?: ModelsManager["Service"]["count"] } = {}
  ) => {
    const state = new SessionState()
    if (options.reported !== undefined) state.reported = { tokens: options.reported, messages: 0 }
    return RequestEstimate.measure(state, request(tokens), limit).pipe(
      Effect.provideService(ModelsManager, {
        models: Effect.succeed([]),
        preferred: Effect.succeed(ref),
        describe: () => Effect.succeed(info({})),
        stream: () => Stream.empty,
        count: options.count ?? (() => Effect.succeed(7))
      })
    )
  }

  it.effect("if an estimate is near the limit, or a size based on a report exceeds it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* measured(800, 1000), { tokens: 800, by: "estimated" })
      assert.deepStrictEqual(yield* measured(801, 1000), { tokens: 7, by: "counted" })
      assert.deepStrictEqual(yield* measured(800, undefined), { tokens: 800, by: "estimated" })
      assert.deepStrictEqual(yield* measured(800, 1000, { reported: 1000 }), { tokens: 1000, by: "reported" })
      assert.deepStrictEqual(yield* measured(800, 1000, { reported: 1001 }), { tokens: 7, by: "counted" })
    })
  )

  it.effect("a report of less than half of the estimate is ignored", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* measured(800, 2000, { reported: 400 }), { tokens: 400, by: "reported" })
      assert.deepStrictEqual(yield* measured(800, 2000, { reported: 399 }), { tokens: 800, by: "estimated" })
    })
  )

  it.effect("a provider that cannot count now is not a reason to fail", () =>
    Effect.gen(function* () {
      const reason = new Overloaded({ detail: "d" })
      for (const count of [() => Effect.fail(new ModelError({ reason })), () => Effect.succeed(undefined)])
        assert.deepStrictEqual(yield* measured(900, 1000, { count }), { tokens: 900, by: "estimated" })
    })
  )
})
