import { assert, describe, it } from "@effect/vitest"
import { serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { maxRequestBytes } from "../src/gemini/GeminiModels.ts"
import { gemini, says, stops } from "./support/Gemini.ts"
import { answered } from "./support/OpenAi.ts"
import { request, run, secret, user } from "./support/Turn.ts"

interface Row {
  readonly name: string
  readonly status: number
  readonly body: string
  readonly reason: string
  readonly detail?: RegExp
  readonly wait?: number
}

const error = (code: number, status: string, message: string, ...details: ReadonlyArray<object>): string =>
  JSON.stringify({ error: { code, message, status, details } })

const quota = (...ids: ReadonlyArray<string>): object => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: ids.map((quotaId) => ({ quotaId, quotaValue: "5" }))
})
const retry = (retryDelay: string): object => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay })
const info = (reason: string): object => ({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason })
const exceeded = "You exceeded your current quota, please check your plan and billing details."

const rows: ReadonlyArray<Row> = [
  {
    name: "a wrong key",
    status: 400,
    body: error(400, "INVALID_ARGUMENT", "The key is wrong.", info("API_KEY_INVALID")),
    reason: "Unauthorized"
  },
  {
    name: "an expired key",
    status: 400,
    body: error(400, "INVALID_ARGUMENT", "API key expired."),
    reason: "Unauthorized"
  },
  {
    name: "no key",
    status: 403,
    body: error(403, "PERMISSION_DENIED", "Method doesn't allow callers"),
    reason: "Unauthorized"
  },
  { name: "an unknown caller", status: 401, body: error(401, "UNAUTHENTICATED", "x"), reason: "Unauthorized" },
  {
    name: "a rate limit, in the words of a quota",
    status: 429,
    body: error(
      429,
      "RESOURCE_EXHAUSTED",
      exceeded,
      quota("GenerateRequestsPerMinutePerProjectPerModel"),
      retry("34.0748s")
    ),
    reason: "RateLimited",
    wait: 34_075,
    detail: /PerMinute/
  },
  {
    name: "no capacity, in the words of a quota",
    status: 429,
    body: error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    reason: "RateLimited"
  },
  {
    name: "the quota of a day",
    status: 429,
    body: error(
      429,
      "RESOURCE_EXHAUSTED",
      exceeded,
      retry("34s"),
      quota("GenerateRequestsPerMinute", "GenerateRequestsPerDayPerProjectPerModel-FreeTier")
    ),
    reason: "QuotaExhausted"
  },
  {
    name: "a model that is not free",
    status: 429,
    body: error(429, "RESOURCE_EXHAUSTED", `${exceeded} limit: 0, model: x`),
    reason: "QuotaExhausted"
  },
  {
    name: "no credit",
    status: 429,
    body: error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
    reason: "QuotaExhausted"
  },
  {
    name: "an overloaded model",
    status: 503,
    body: error(503, "UNAVAILABLE", "The model is overloaded."),
    reason: "Overloaded"
  },
  {
    name: "an internal error",
    status: 500,
    body: error(500, "INTERNAL", "An internal error has occurred."),
    reason: "Overloaded"
  },
  { name: "a deadline", status: 504, body: error(504, "DEADLINE_EXCEEDED", "x"), reason: "Overloaded" },
  {
    name: "an unknown model",
    status: 404,
    body: error(
      404,
      "NOT_FOUND",
      "models/x is not found for API version v1beta, or is not supported for generateContent."
    ),
    reason: "UnknownModel"
  },
  {
    name: "an unknown path",
    status: 404,
    body: "<html>404</html>",
    reason: "Unreachable",
    detail: /base URL is not that of the Gemini API/
  },
  {
    name: "an overflow",
    status: 400,
    body: error(
      400,
      "INVALID_ARGUMENT",
      "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    ),
    reason: "ContextOverflow"
  },
  { name: "a body that is too large", status: 413, body: "", reason: "ContextOverflow" },
  {
    name: "an invalid field",
    status: 400,
    body: error(400, "INVALID_ARGUMENT", "Invalid JSON payload received."),
    reason: "InvalidRequest",
    detail: /^HTTP 400 INVALID_ARGUMENT: Invalid JSON/
  },
  {
    name: "an error in a list",
    status: 400,
    body: `[${error(400, "FAILED_PRECONDITION", "User location is not supported.")}]`,
    reason: "InvalidRequest",
    detail: /User location/
  },
  {
    name: "a page of a proxy",
    status: 502,
    body: "<html>Bad gateway</html>",
    reason: "Overloaded",
    detail: /Bad gateway/
  }
]

describe("an error response of the Gemini API", () => {
  for (const { body, detail, name, reason, status, wait } of rows)
    it.live(name, () =>
      Effect.gen(function* () {
        const turn = yield* answered(gemini, [body], { status, headers: { "content-type": "application/json" } })
        assert.strictEqual(turn.error?.reason._tag, reason)
        if (detail !== undefined) assert.match(turn.error?.reason.detail ?? "", detail)
        if (wait !== undefined) assert.deepInclude(turn.error?.reason, { retryAfterMillis: wait })
      })
    )

  for (const message of [
    "Function call is missing a thought_signature in functionCall parts.",
    "Corrupted thought signature."
  ])
    it.live(`about thinking: ${message}`, () =>
      Effect.gen(function* () {
        const turn = yield* answered(gemini, [error(400, "INVALID_ARGUMENT", message)], { status: 400 })
        assert.deepInclude(turn.error?.reason, { _tag: "InvalidRequest", thinking: true })
      })
    )

  it.live("has the wait of its header rather than that of its body, and never the key", () =>
    Effect.gen(function* () {
      const body = error(429, "RESOURCE_EXHAUSTED", `slow down, ${secret}`, retry("9s"))
      const turn = yield* answered(gemini, [body], { status: 429, headers: { "retry-after": "3" } })
      assert.deepInclude(turn.error?.reason, { _tag: "RateLimited", retryAfterMillis: 3000 })
      assert.notInclude(turn.error?.message ?? "", secret)
    })
  )

  it.live("is reported once: nothing is retried, and redirects are not followed", () =>
    Effect.gen(function* () {
      const server = yield* serve({ status: 307, headers: { location: "http://127.0.0.1:1/v1" } })
      const turn = yield* run(gemini(server.url))
      assert.strictEqual(turn.error?.reason._tag, "Unreachable")
      assert.match(turn.error?.reason.detail ?? "", /redirects to http:\/\/127\.0\.0\.1:1/)
      assert.strictEqual(server.received.length, 1)
    })
  )

  it.live("is Unreachable if no server listens, or if the socket breaks before the response", () =>
    Effect.gen(function* () {
      const none = yield* run(gemini("http://127.0.0.1:1"))
      assert.match(none.error?.reason.detail ?? "", /ECONNREFUSED/)
      const server = yield* serve({ mute: true, last: "cut" })
      const cut = yield* run(gemini(server.url))
      assert.strictEqual(none.error?.reason._tag, "Unreachable")
      assert.strictEqual(cut.error?.reason._tag, "Unreachable")
    })
  )
})

describe("a request to the Gemini API", () => {
  it.live("goes to the model's operation, with the key and the configured headers", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [says("a"), stops("STOP")] })
      const provider = gemini(`${server.url}/proxy/`, { headers: { "X-Team": Redacted.make("a") } })
      const ask = (model: string) => run(provider, { ...request(), model: { provider: "gemini", model } })
      yield* ask("gemini-4-neon")
      yield* ask("tunedModels/a b")
      const [one, two] = server.received
      assert.strictEqual(one?.url, "/proxy/v1beta/models/gemini-4-neon:streamGenerateContent?alt=sse")
      assert.strictEqual(two?.url, "/proxy/v1beta/tunedModels/a%20b:streamGenerateContent?alt=sse")
      assert.strictEqual(one?.headers["x-goog-api-key"], secret)
      assert.strictEqual(one?.headers["x-team"], "a")
      assert.notProperty(one?.headers, "authorization")
    })
  )

  it.live("is not sent for a name that leads to another path, with a bad key, or if it is too large", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [says("a"), stops("STOP")] })
      const named = (model: string) => run(gemini(server.url), { ...request(), model: { provider: "gemini", model } })
      for (const model of ["../../x", "a//b", ".", ""])
        assert.strictEqual((yield* named(model)).error?.reason._tag, "UnknownModel", model)
      const spaces = yield* run(gemini(server.url, { apiKey: Redacted.make("a b") }))
      assert.strictEqual(spaces.error?.reason._tag, "Unauthorized")
      const large = yield* run(gemini(server.url), request([user("é".repeat(maxRequestBytes / 2))]))
      assert.strictEqual(large.error?.reason._tag, "ContextOverflow")
      assert.isEmpty(server.received)
    })
  )
})
