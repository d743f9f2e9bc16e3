import { assert, describe, it } from "@effect/vitest"
import type { Block } from "@parley/domain/Content"
import { callId, roundId, turnId } from "@parley/domain/Ids"
import type { Message } from "@parley/domain/Message"
import { answer } from "@parley/harness/wire"
import { serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { inLoop } from "../src/anthropic/AnthropicThinking.ts"
import { provider, request, run, user } from "./support/Turn.ts"

const budgeted = { type: "enabled", budget_tokens: 2000 }
const off = { type: "disabled" }
const id = callId(turnId(roundId(1), 1), 1)
const thought: Block = { _tag: "Thinking", provider: "anthropic", text: "hm", raw: '{"type":"thinking"}' }
const redacted: Block = { _tag: "Opaque", provider: "anthropic", kind: "redacted_thinking", raw: "{}" }
const call: Block = { _tag: "ToolCall", callId: id, providerId: "c", name: "t", input: "{}" }
const assistant = (...content: ReadonlyArray<Block>): Message => ({ role: "assistant", content })
const results: Message = { role: "user", content: [{ _tag: "ToolResult", callId: id, isError: false, content: [] }] }

describe("budgeted thinking", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<Message>, object]> = [
    ["on for a message of the user", [user("hi")], budgeted],
    ["on although an earlier round has none", [user("hi"), assistant(call), results, user("next")], budgeted],
    ["on while a series of calls begins with thinking", [user("hi"), assistant(thought, call), results], budgeted],
    ["on while it begins with redacted thinking", [user("hi"), assistant(redacted, call), results], budgeted],
    [
      "on if only later responses of the series have none",
      [user("hi"), assistant(thought, call), results, assistant(call), results],
      budgeted
    ],
    ["off while the series begins with a call", [user("hi"), assistant(call), results], off],
    [
      "off although a later response of the series has some",
      [user("hi"), assistant(call), results, assistant(thought, call), results],
      off
    ]
  ]
  for (const [what, messages, expected] of cases)
    it(`is ${what}`, () => assert.deepStrictEqual(inLoop(budgeted, messages), expected))

  it("is the only kind with this rule", () => {
    const messages = [user("hi"), assistant(call), results]
    for (const other of [{ type: "adaptive" }, off, undefined]) assert.strictEqual(inLoop(other, messages), other)
  })
})

describe("beta features", () => {
  const headers = { "Anthropic-Beta": Redacted.make("context-1m-2025-08-07, a"), "X-Team": Redacted.make("search") }
  it.live("are sent as a header, together with those of a configured header and of the effort", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve({ body: [answer("yes")] })
        const from = provider(server.url, { betas: ["a", "b"], headers, blockBinding: true })
        const { settings } = from.describe("claude-opus-5-5", { effort: "low" })
        assert.isDefined(settings)
        yield* run(from, { ...request(), settings })
        const [received] = server.received
        assert.strictEqual(
          received?.headers["anthropic-beta"],
          "context-1m-2025-08-07,a,b,thinking-binding-controls-2026-08-01"
        )
        assert.strictEqual(received?.headers["x-team"], "search")
        assert.notInclude(received?.body, "betas")
      })
    )
  )

  it.live("are also sent with a request to count tokens", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const json = { "content-type": "application/json" }
        const server = yield* serve({ headers: json, body: ['{"input_tokens":7}'] })
        const from = provider(server.url, { betas: ["a"] })
        assert.strictEqual(yield* from.count?.(request()) ?? Effect.undefined, 7)
        assert.strictEqual(server.received[0]?.headers["anthropic-beta"], "a")
      })
    )
  )

  it.live("of none leave the configured header unchanged", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve({ body: [answer("yes")] }, { body: [answer("yes")] })
        yield* run(provider(server.url, { headers }))
        yield* run(provider(server.url))
        assert.deepStrictEqual(
          server.received.map((one) => one.headers["anthropic-beta"]),
          ["context-1m-2025-08-07, a", undefined]
        )
      })
    )
  )
})
