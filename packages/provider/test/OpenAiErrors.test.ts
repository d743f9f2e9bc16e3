import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { maxRequestBytes } from "../src/text/Bounds.ts"
import { answered, chat, data, done, ends, words } from "./support/OpenAi.ts"
import { request, run, secret, user } from "./support/Turn.ts"

interface Row {
  readonly name: string
  readonly status: number
  readonly body: string
  readonly reason: string
  readonly detail?: RegExp
}

const error = (message: string, more: object = {}): string => JSON.stringify({ error: { message, ...more } })

const rows: ReadonlyArray<Row> = [
  {
    name: "a wrong key",
    status: 401,
    body: error("Incorrect API key", { code: "invalid_api_key" }),
    reason: "Unauthorized"
  },
  {
    name: "no credit",
    status: 429,
    body: error("You exceeded your current quota", { type: "insufficient_quota" }),
    reason: "QuotaExhausted"
  },
  {
    name: "no credit at OpenRouter",
    status: 402,
    body: error("Insufficient credits", { code: 402 }),
    reason: "QuotaExhausted"
  },
  {
    name: "a rate limit",
    status: 429,
    body: error("Rate limit reached for requests", { type: "requests", code: "rate_limit_exceeded" }),
    reason: "RateLimited"
  },
  {
    name: "a server error",
    status: 500,
    body: error("The server had an error", { type: "server_error" }),
    reason: "Overloaded"
  },
  {
    name: "a model that OpenAI does not know",
    status: 404,
    body: error("The model `x` does not exist", { code: "model_not_found" }),
    reason: "UnknownModel"
  },
  {
    name: "a model that Ollama does not have",
    status: 404,
    body: error('model "x" not found, try pulling it first', { type: "api_error" }),
    reason: "UnknownModel"
  },
  {
    name: "an error of Ollama that is a text",
    status: 404,
    body: '{"error":"model \\"x\\" not found"}',
    reason: "UnknownModel"
  },
  {
    name: "an error of vLLM without `error`",
    status: 404,
    body: '{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","code":404}',
    reason: "UnknownModel"
  },
  {
    name: "a path that does not exist",
    status: 404,
    body: "404 page not found",
    reason: "Unreachable",
    detail: /base URL is not that of an OpenAI-compatible API/
  },
  {
    name: "an error of FastAPI",
    status: 422,
    body: '{"detail":"field required"}',
    reason: "InvalidRequest",
    detail: /^HTTP 422: field required$/
  },
  {
    name: "an error in a list",
    status: 400,
    body: '[{"error":{"code":400,"message":"bad field","status":"INVALID_ARGUMENT"}}]',
    reason: "InvalidRequest",
    detail: /^HTTP 400: bad field$/
  },
  {
    name: "a page of a proxy",
    status: 502,
    body: "<html>Bad gateway</html>",
    reason: "Overloaded",
    detail: /Bad gateway/
  },
  {
    name: "an overflow of OpenAI",
    status: 400,
    body: error("This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.", {
      code: "context_length_exceeded"
    }),
    reason: "ContextOverflow"
  },
  {
    name: "an overflow of llama.cpp",
    status: 400,
    body: error("the request exceeds the available context size, try increasing it", {
      code: 400,
      type: "exceed_context_size_error"
    }),
    reason: "ContextOverflow"
  },
  {
    name: "an overflow of vLLM",
    status: 400,
    body: '{"object":"error","message":"This model\'s maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","code":400}',
    reason: "ContextOverflow"
  },
  {
    name: "an overflow of LM Studio",
    status: 400,
    body: '{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length"}',
    reason: "ContextOverflow"
  },
  {
    name: "an overflow of OpenRouter",
    status: 400,
    body: error("This endpoint's maximum context length is 131072 tokens. However, you requested about 200000 tokens", {
      code: 400
    }),
    reason: "ContextOverflow"
  },
  {
    name: "an overflow of Groq",
    status: 413,
    body: error("Request too large for model", { code: "request_too_large" }),
    reason: "ContextOverflow"
  },
  {
    name: "reasoning of another model",
    status: 400,
    body: error("The encrypted content could not be verified", { code: "invalid_encrypted_content" }),
    reason: "InvalidRequest"
  }
]

describe("an error response of an OpenAI-compatible server", () => {
  for (const { body, detail, name, reason, status } of rows)
    it.live(name, () =>
      Effect.gen(function* () {
        const turn = yield* answered(chat, [body], { status, headers: { "content-type": "application/json" } })
        assert.strictEqual(turn.error?.reason._tag, reason)
        if (detail !== undefined) assert.match(turn.error?.reason.detail ?? "", detail)
      })
    )

  it.live("has its wait and its id, and never the key", () =>
    Effect.gen(function* () {
      const turn = yield* answered(chat, [error(`slow down, ${secret}`)], {
        status: 429,
        headers: { "retry-after": "3", "x-request-id": "req_1" }
      })
      assert.deepInclude(turn.error?.reason, { _tag: "RateLimited", retryAfterMillis: 3000, requestId: "req_1" })
      assert.notInclude(turn.error?.message ?? "", secret)
    })
  )

  it.live("is reported once: nothing is retried, and redirects are not followed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve({ status: 307, headers: { location: "http://127.0.0.1:1/v1" } })
        const turn = yield* run(chat(server.url))
        assert.strictEqual(turn.error?.reason._tag, "Unreachable")
        assert.match(turn.error?.reason.detail ?? "", /redirects to http:\/\/127\.0\.0\.1:1/)
        assert.strictEqual(server.received.length, 1)
      })
    )
  )

  it.live("within the stream has the id of the response's headers", () =>
    Effect.gen(function* () {
      const body = [data({ error: { message: "overloaded", code: 503 } })]
      const turn = yield* answered(chat, body, { headers: { "x-request-id": "req_2" } })
      assert.deepInclude(turn.error?.reason, { _tag: "Overloaded", requestId: "req_2" })
    })
  )

  it.live("is ContextOverflow for a request that is too large, which is not sent", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve({ body: [words("a"), ends("stop"), done] })
        const turn = yield* run(chat(server.url), request([user("x".repeat(maxRequestBytes))]))
        assert.strictEqual(turn.error?.reason._tag, "ContextOverflow")
        assert.lengthOf(server.received, 0)
      })
    )
  )

  it.live("is Unreachable if no server listens", () =>
    Effect.gen(function* () {
      const turn = yield* run(chat("http://127.0.0.1:1"))
      assert.strictEqual(turn.error?.reason._tag, "Unreachable")
      assert.match(turn.error?.reason.detail ?? "", /ECONNREFUSED/)
    })
  )
})

describe("the key of an OpenAI-compatible server", () => {
  const sent = (options: Parameters<typeof chat>[1]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve({ body: [words("a"), ends("stop"), done] })
        const turn = yield* run(chat(server.url, options))
        assert.isUndefined(turn.error)
        const [request] = server.received
        return { url: request?.url, headers: request?.headers ?? {} }
      })
    )
  it.live("is sent as a bearer token", () =>
    Effect.map(sent({}), ({ headers, url }) => {
      assert.strictEqual(headers.authorization, `Bearer ${secret}`)
      assert.strictEqual(url, "/v1/chat/completions")
      assert.notProperty(headers, "openai-organization")
    })
  )
  it.live("is not sent if there is none", () =>
    Effect.map(sent({ apiKey: undefined }), ({ headers }) => {
      assert.notProperty(headers, "authorization")
    })
  )
  it.live("is sent in the header that the server reads, beside the configured headers", () =>
    Effect.map(sent({ keyHeader: "api-key", headers: { "X-Title": Redacted.make("Parley") } }), ({ headers }) => {
      assert.strictEqual(headers["api-key"], secret)
      assert.notProperty(headers, "authorization")
      assert.strictEqual(headers["x-title"], "Parley")
    })
  )
  it.live("fails before a request if it cannot be sent", () =>
    Effect.gen(function* () {
      const turn = yield* run(chat("http://127.0.0.1:1", { apiKey: Redacted.make("a b") }))
      assert.strictEqual(turn.error?.reason._tag, "Unauthorized")
    })
  )
})

it.live("a request that is larger than allowed is not sent, and its size is counted in bytes", () =>
  Effect.gen(function* () {
    const server = yield* serve({ body: [words("a"), ends("stop"), done] })
    const { error } = yield* run(chat(server.url), request([user("é".repeat(maxRequestBytes / 2))]))
    assert.strictEqual(error?.reason._tag, "ContextOverflow")
    assert.include(error?.message, "start a new session")
    assert.isEmpty(server.received)
  })
)

it.live("an error inside the stream has the request id of either header", () =>
  Effect.gen(function* () {
    for (const name of ["request-id", "x-request-id"]) {
      const broken = data({ error: { message: "Server overloaded", code: 503 } })
      const { error } = yield* answered(chat, [words("a"), broken], { headers: { [name]: "req_2" } })
      assert.deepInclude(error?.reason, { requestId: "req_2" }, name)
    }
  })
)
