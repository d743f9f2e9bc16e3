import { assert, describe, it } from "@effect/vitest"
import { fromApi } from "../src/anthropic/AnthropicError.ts"
import { reported } from "../src/openai/OpenAiError.ts"

const rejected: ReadonlyArray<string> = [
  "messages.1.content.0: Invalid `signature` in `thinking` block",
  "The block is bound to a different conversation … The `system` prompt differs",
  "messages.3.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
  "Invalid signature",
  "block_binding: prefix_mismatch",
  "The encrypted content gAAA... could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
  "Item 'rs_68af01' of type 'reasoning' was provided without its required following item.",
  "Item with id 'rs_68af01' not found. Items are not persisted when `store` is set to false.",
  "Unexpected reasoning item in the input"
]

const others: ReadonlyArray<string> = [
  "`max_tokens` must be greater than `thinking.budget_tokens`",
  "thinking.type: Input should be 'adaptive'",
  "Encrypted content is not supported with this model.",
  "messages: text content blocks must be non-empty",
  "Unsupported value: 'none' is not supported with this model"
]

const isAboutThinking = (message: string): ReadonlyArray<boolean> =>
  [
    fromApi({ status: 400, type: "invalid_request_error", code: "", message }, ""),
    reported({ message, type: "invalid_request_error", code: 400 }, "", {})
  ].map((reason) => reason._tag === "InvalidRequest" && reason.thinking === true)

describe("a rejection", () => {
  for (const message of rejected)
    it(`is about thinking that was sent back: ${message}`, () =>
      assert.deepStrictEqual(isAboutThinking(message), [true, true]))
  for (const message of others)
    it(`is not about thinking that was sent back: ${message}`, () =>
      assert.deepStrictEqual(isAboutThinking(message), [false, false]))
  it("is about thinking if only its code is", () => {
    const reason = reported({ message: "no", type: "invalid_request_error", code: "invalid_encrypted_content" }, "", {})
    assert.include(reason, { _tag: "InvalidRequest", thinking: true })
  })
})
