import { assert, describe, it } from "@effect/vitest"
import { fromApi } from "../src/anthropic/AnthropicError.ts"
import { readingOf } from "../src/errors/Overflow.ts"

const generator = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5
    return ((state ^ (state >>> 12)) >>> 0) % below
  }
}

// A is a number of tokens, and B is the smaller number that is allowed.
const tooLarge = [
  "prompt is too long: A tokens > B maximum",
  "input length and `max_tokens` exceed context limit: A + 32000 > B, decrease input length or `max_tokens` and try again",
  "request (A tokens) exceeds the available context size (B tokens), try increasing it",
  "the request exceeds the available context size. try increasing the context size or enable context shift",
  "Context size has been exceeded.",
  "Input is too long for requested model.",
  "Prompt exceeds max length",
  "Invalid request: Your request exceeded model token limit: B",
  "prompt token count of A exceeds the limit of B",
  "This model's maximum context length is B tokens. However, your messages resulted in A tokens. Please reduce the length of the messages.",
  "This endpoint's maximum context length is B tokens. However, you requested about A tokens (A of text input). Please reduce the length of either one",
  "Your input exceeds the context window of this model. Please adjust your input and try again.",
  "The input token count (A) exceeds the maximum number of tokens allowed (B).",
  "Unable to submit request because the input token count is A but model only supports up to B.",
  "This model's maximum prompt length is B but the request contains A tokens.",
  "Please reduce the length of the messages or completion.",
  "Range of input length should be [1, B]",
  "`inputs` tokens + `max_new_tokens` must be <= B. Given: A `inputs` tokens and 512 `max_new_tokens`",
  "Requested token count exceeds the model's maximum context length of B tokens. You requested a total of A tokens",
  "The decoder prompt (length A) is longer than the maximum model length of B. Make sure that `max_model_len` is no smaller",
  "Trying to keep the first A tokens when context the overflows. However, the model is loaded with context length of only B tokens",
  "The number of tokens to keep from the initial prompt is greater than the context length",
  "Too many tokens: A tokens in the request, B allowed",
  "too many input tokens",
  "Input tokens exceed the configured limit of B tokens. Your messages resulted in A tokens.",
  "Request body too large for the model. Max size: B tokens.",
  "The conversation is too long for this model; start a new one",
  "total tokens A exceed B",
  "A tokens > B tokens",
  "Requested A tokens, but the limit is B tokens: the maximum is exceeded",
  "max_tokens must be at least 1, got -A. The prompt leaves no room in the context window of B, which is exceeded",
  "Input length A exceeds the maximum allowed input length of B tokens.",
  "model_context_window_exceeded: the context window is full",
  "输入长度超过限制：A > B",
  "上下文过长，请减少输入",
  "Prompt 超长",
  "请求超出模型上下文长度 B"
]
const types = [
  "exceed_context_size_error",
  "context_length_exceeded",
  "request_too_large",
  "ContextWindowExceededError",
  "tokens_limit_reached",
  "model_max_prompt_tokens_exceeded",
  "input_too_long"
]

const ordinary = [
  "messages: text content blocks must be non-empty",
  "messages.N.content.0: `tool_use` ids were found without `tool_result` blocks immediately after",
  "messages.N.content.0.image.source.base64: image exceeds 5 MB maximum: A bytes > B bytes",
  "messages.N.content.1.image.source.base64.data: Image does not match the provided media type image/png",
  "max_tokens: A > B, which is the maximum allowed number of output tokens for claude-x",
  "`max_tokens` must be greater than `thinking.budget_tokens`",
  "max_completion_tokens is too large: A. This model supports at most B completion tokens",
  "tools.N.custom.input_schema.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'",
  "tools.N.custom.name: String should have at most 64 characters",
  "tools: too many tools: N exceeds the maximum of 128",
  "temperature: Input should be less than or equal to 1",
  "`temperature` may only be set to 1 when thinking is enabled",
  "stop_sequences: each stop sequence must contain non-whitespace",
  "A maximum of 4 blocks with cache_control may be provided. Found N.",
  "A maximum of 100 PDF pages may be provided.",
  "messages.N.content.2.image.source.base64.data: At least one of the image dimensions exceed max allowed size: 8000 pixels",
  "metadata.user_id: String should have at most 256 characters",
  "messages.N.content.0: Invalid `signature` in `thinking` block",
  "The block is bound to a different conversation: the `system` prompt differs",
  'messages: first message must use the "user" role',
  'messages: roles must alternate between "user" and "assistant"',
  "system: Input should be a valid string",
  "Unexpected value(s) `x-N` for the `anthropic-beta` header",
  "This model does not support assistant message prefill",
  "Invalid 'messages[N].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length A instead.",
  "tool_choice: may only be set when tools are given",
  "Unknown parameter: 'foo'.",
  "Could not process image",
  "The requested model is not enabled for this account",
  "The long context beta is not yet available for this subscription.",
  "invalid JSON in the body at line 1 column A",
  "model: m-N does not support tools"
]

const filled = (template: string, seed: number): string => {
  const draw = generator(seed)
  const limit = 4096 + draw(1_000_000)
  const write = [String, (n: number) => n.toLocaleString("en-US")][draw(2)] ?? String
  const words = template
    .replaceAll(/\bA\b(?! maximum)/g, write(limit + 1 + draw(500_000)))
    .replaceAll(/\bB\b/g, write(limit))
    .replaceAll(/\bN\b/g, String(draw(40)))
  return (
    [
      words,
      words.toUpperCase(),
      `Error: ${words}`,
      `${words} (request id: 2026${draw(10 ** 9)})`,
      `{"message":"${words.replaceAll('"', "'")}"}`
    ][draw(5)] ?? words
  )
}

const seeds = Array.from({ length: 40 }, (_, index) => index + 1)
const api = (message: string, status: number | undefined, type = "invalid_request_error") =>
  fromApi({ ...(status === undefined ? {} : { status }), type, code: "", message }, "")._tag

describe("errors about a request that is too large", () => {
  for (const template of tooLarge)
    it(`are recognized: ${template}`, () => {
      for (const seed of seeds) {
        const message = filled(template, seed)
        assert.strictEqual(readingOf({ type: "", code: "", message }), "too large", `seed ${seed}: ${message}`)
        for (const status of [400, 413, 422, undefined])
          assert.strictEqual(api(message, status), "ContextOverflow", `seed ${seed}, status ${status}: ${message}`)
      }
    })

  it("may be recognized by type or code alone", () => {
    for (const type of types) {
      assert.strictEqual(api("no", 400, type), "ContextOverflow", type)
      assert.strictEqual(api("no", undefined, type), "ContextOverflow", type)
      assert.strictEqual(
        fromApi({ status: 400, type: "x", code: type, message: "no" }, "")._tag,
        "ContextOverflow",
        type
      )
    }
    assert.strictEqual(api("no", 500, "exceed_context_size_error"), "ContextOverflow")
  })

  it("do not include those of a rate-limited or failing provider", () => {
    const words = "Request too large for model m on tokens per min (TPM): Limit 30000, Requested 41234"
    assert.strictEqual(api(words, 429, "rate_limit_error"), "RateLimited")
    assert.strictEqual(api("request exceeded the time limit", 500, "api_error"), "Overloaded")
  })
})

describe("errors with another reason", () => {
  for (const template of ordinary)
    it(`are recognized: ${template}`, () => {
      for (const seed of seeds) {
        const message = filled(template, seed)
        assert.strictEqual(api(message, 400), "InvalidRequest", `seed ${seed}: ${message}`)
      }
    })

  it("errors without information are unclear", () => {
    for (const message of [
      "",
      "Bad Request",
      "invalid request",
      "Invalid parameter",
      "400 status code (no body)",
      "upstream error"
    ])
      assert.deepInclude(fromApi({ status: 400, type: "invalid_request_error", code: "", message }, ""), {
        _tag: "InvalidRequest",
        unclear: true
      })
    assert.notProperty(fromApi({ status: 400, type: "", code: "", message: "messages.3: odd" }, ""), "unclear")
    assert.notProperty(fromApi({ status: 418, type: "", code: "", message: "" }, ""), "unclear")
  })
})
