import { assert, describe, it, vi } from "@effect/vitest"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import { fromApi } from "../src/anthropic/AnthropicError.ts"
import { retryAfterMillis } from "../src/errors/ThrownError.ts"
import { message, text } from "@parley/harness/Events"
import { type Reply, serve } from "@parley/harness/SseServer"
import { provider, request, run, secret, user } from "./support/Turn.ts"

const failed = (reply: Reply): Effect.Effect<ModelErrorReason> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* serve(reply)
      const turn = yield* run(provider(server.url))
      assert.strictEqual(server.received.length, 1, "nothing is retried")
      assert.deepStrictEqual(turn.arrays, [])
      assert.isDefined(turn.error)
      return turn.error.reason
    })
  )

const json = (type: string, message: string, code?: string): Reply => ({
  headers: { "content-type": "application/json", "request-id": "req_1" },
  body: [
    JSON.stringify({
      type: "error",
      error: { type, message, ...(code === undefined ? {} : { details: { error_code: code } }) },
      request_id: "req_body"
    })
  ]
})

describe("HTTP errors", () => {
  it.live.each([
    [400, json("invalid_request_error", "messages: text is empty"), "InvalidRequest"],
    [400, json("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), "ContextOverflow"],
    [
      400,
      json("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 2"),
      "ContextOverflow"
    ],
    [
      400,
      json("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
      "QuotaExhausted"
    ],
    [400, json("invalid_request_error", "x", "image_dimensions_too_large"), "InvalidRequest"],
    [401, json("authentication_error", "invalid key"), "Unauthorized"],
    [402, json("billing_error", "pay"), "QuotaExhausted"],
    [403, json("permission_error", "not yours"), "Unauthorized"],
    [403, json("permission_error", "x", "linked_organization_spend_limit_reached"), "QuotaExhausted"],
    [404, json("not_found_error", "model: m"), "UnknownModel"],
    [404, json("", "The model `m` does not exist"), "UnknownModel"],
    [404, json("not_found_error", "Not found"), "Unreachable"],
    [404, { headers: { "content-type": "application/json" }, body: ['{"detail":"Not Found"}'] }, "Unreachable"],
    [404, { headers: { "content-type": "text/html" }, body: ["<html>404</html>"] }, "Unreachable"],
    [408, {}, "Overloaded"],
    [409, json("conflict_error", "lock"), "Overloaded"],
    [413, json("request_too_large", "Request exceeds the maximum size"), "ContextOverflow"],
    [418, {}, "InvalidRequest"],
    [422, {}, "InvalidRequest"],
    [429, json("rate_limit_error", "slow down"), "RateLimited"],
    [429, json("rate_limit_error", "x", "enforced_spend_limit_reached"), "QuotaExhausted"],
    [429, json("rate_limit_error", "x", "ramp_limit_exceeded"), "RateLimited"],
    [500, json("api_error", "boom"), "Overloaded"],
    [502, { headers: { "content-type": "text/html" }, body: ["<html>Bad Gateway</html>"] }, "Overloaded"],
    [503, {}, "Overloaded"],
    [504, json("timeout_error", "x"), "Overloaded"],
    [529, json("overloaded_error", "Overloaded"), "Overloaded"]
  ] as const)("%i is %s", ([status, reply, expected]) =>
    Effect.gen(function* () {
      const reason = yield* failed({ ...reply, status })
      assert.strictEqual(reason._tag, expected)
      assert.include(reason.detail, `HTTP ${status}`)
      if ("headers" in reply && "request-id" in reply.headers && "requestId" in reason)
        assert.strictEqual(reason.requestId, "req_1")
    })
  )

  it.live("name the base URL as the cause if the path does not exist", () =>
    Effect.gen(function* () {
      const reason = yield* failed({ status: 404, body: ["404 page not found"] })
      assert.include(reason.detail, "the base URL is not that of a Messages API")
    })
  )

  it.live.each(["", "/", "/v1", "/v1/", "//v1//", "/v1/messages", "/v1/messages/"])("a base URL may end in %j", (end) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve({ body: [message("end_turn", text(0, "hi"))] })
        const turn = yield* run(provider(`${server.url}/proxy${end}`))
        assert.isUndefined(turn.error)
        assert.strictEqual(server.received[0]?.url, "/proxy/v1/messages")
      })
    )
  )

  it.live("contain the API's message in one clean line, and the request id", () =>
    Effect.gen(function* () {
      const reason = yield* failed({
        status: 400,
        ...json("invalid_request_error", `a\n\u001b[31mb\u202e ${"c".repeat(999)}`)
      })
      assert.match(reason.detail, /^HTTP 400 invalid_request_error: a \[31mb c+…$/)
      assert.strictEqual(reason.detail.length, 300)
    })
  )

  it.live("take the request id from the body or from x-request-id if there is no request-id header", () =>
    Effect.gen(function* () {
      const inBody = yield* failed({
        status: 500,
        ...json("api_error", "x"),
        headers: { "content-type": "application/json" }
      })
      const inHeader = yield* failed({ status: 500, headers: { "x-request-id": "req_x" } })
      assert.deepInclude(inBody, { requestId: "req_body" })
      assert.deepInclude(inHeader, { requestId: "req_x" })
    })
  )

  it.live.each([
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after-ms": "120", "retry-after": "7" }, 120],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0],
    [{}, undefined]
  ] as const)("429 carries the wish %o", ([headers, millis]) =>
    Effect.gen(function* () {
      const reason = yield* failed({ status: 429, headers })
      assert.strictEqual(reason._tag === "RateLimited" ? reason.retryAfterMillis : "other", millis)
    })
  )

  it.live("529 carries it too", () =>
    Effect.gen(function* () {
      const reason = yield* failed({ status: 529, ...json("overloaded_error", "x"), headers: { "retry-after": "7" } })
      assert.strictEqual(reason._tag === "Overloaded" ? reason.retryAfterMillis : "other", 7000)
    })
  )

  it("a date is relative to the response's date header, or to now", () => {
    const minute = "Thu, 01 Jan 1970 00:01:00 GMT"
    const header = (name: string) => (name === "retry-after" ? minute : null)
    assert.strictEqual(retryAfterMillis(header, 20_000), 40_000)
    const dated = (date: string) => (name: string) => (name === "date" ? date : header(name))
    assert.strictEqual(retryAfterMillis(dated("Thu, 01 Jan 1970 00:00:50 GMT"), 20_000), 10_000)
    assert.strictEqual(retryAfterMillis(dated("some day"), 20_000), 40_000)
    assert.strictEqual(
      retryAfterMillis((name) => (name === "retry-after" ? "1e300" : null), 0),
      Number.MAX_SAFE_INTEGER
    )
  })
})

describe("no response", () => {
  it.live("a port on which no server listens", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(serve())
      const { error } = yield* run(provider(url))
      assert.strictEqual(error?.reason._tag, "Unreachable")
      assert.include(error?.reason.detail, "ECONNREFUSED")
    })
  )

  it.live("a host name that does not exist, and an invalid base URL", () =>
    Effect.gen(function* () {
      const noHost = yield* run(provider("http://parley.invalid"))
      const noUrl = yield* run(provider("not a url"))
      assert.strictEqual(noHost.error?.reason._tag, "Unreachable")
      assert.strictEqual(noUrl.error?.reason._tag, "Unreachable")
    })
  )

  it.live("a server that closes the connection without a response", () =>
    Effect.gen(function* () {
      const server = yield* serve({ last: "cut" })
      const { error } = yield* run(provider(server.url))
      assert.include(["Unreachable", "StreamBroken"], error?.reason._tag)
    })
  )
})

describe("the key", () => {
  it.live("is sent as authorization and in no other header", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      yield* run(provider(server.url))
      const { headers, url } = server.received[0]!
      assert.strictEqual(url, "/v1/messages")
      assert.strictEqual(headers.authorization, `Bearer ${secret}`)
      assert.isUndefined(headers["x-api-key"])
      assert.strictEqual(headers["anthropic-version"], "2026-10-21")
      assert.strictEqual(headers["content-type"], "application/json")
      const elsewhere = Object.entries(headers).filter(
        ([name, value]) => name !== "authorization" && String(value).includes(secret)
      )
      assert.deepStrictEqual(elsewhere, [])
    })
  )

  it.live("never follows a redirect, which is reported with its target", () =>
    Effect.gen(function* () {
      const other = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      const server = yield* serve({ status: 307, headers: { location: `${other.url}/v1/messages` } })
      const { error } = yield* run(provider(server.url))
      assert.strictEqual(error?.reason._tag, "Unreachable")
      assert.include(error?.reason.detail, `redirects to ${other.url}`)
      assert.deepStrictEqual(other.received, [])
    })
  )

  it.live("is not in any error, whatever the server echoes", () =>
    Effect.gen(function* () {
      const echo = `your key ${secret} is wrong`
      const replies: ReadonlyArray<Reply> = [
        { status: 401, ...json("authentication_error", echo) },
        { status: 500, body: [echo] },
        { status: 307, headers: { location: `http://x/?k=${secret}` } },
        { body: [echo] },
        { body: [`data: ${echo}\n\n`] },
        { status: 429, ...json("", echo) }
      ]
      for (const reply of replies) {
        const server = yield* serve(reply)
        const { error } = yield* run(provider(server.url))
        assert.isDefined(error)
        assert.notInclude(`${inspect(error, { depth: 9 })} ${error.message} ${String(error)}`, secret)
        assert.notMatch(error.reason.detail, /\bat .*\.m?[jt]s:\d/)
      }
    })
  )

  it.live("that a header cannot contain is rejected before anything is sent", () =>
    Effect.gen(function* () {
      const server = yield* serve({})
      for (const key of ["", " \n", "sk-ant\nx", "sk-añt"]) {
        const { error } = yield* run(provider(server.url, { apiKey: Redacted.make(key) }))
        assert.strictEqual(error?.reason._tag, "Unauthorized")
        if (key.trim() !== "") assert.notInclude(error?.message, key.trim())
      }
      assert.deepStrictEqual(server.received, [])
    })
  )

  it.live("may have white space around it", () =>
    Effect.gen(function* () {
      const server = yield* serve({ body: [message("end_turn", text(0, "x"))] })
      const { error } = yield* run(
        provider(server.url, { apiKey: Redacted.make(` ${secret}\n`) }),
        request([user("hi")])
      )
      assert.isUndefined(error)
      assert.strictEqual(server.received[0]?.headers.authorization, `Bearer ${secret}`)
    })
  )
})

describe("the SDK", () => {
  it.live("writes nothing, and takes nothing from the environment", () =>
    Effect.gen(function* () {
      vi.stubEnv("ANTHROPIC_LOG", "debug")
      vi.stubEnv("ANTHROPIC_API_KEY", "another-key")
      vi.stubEnv("ANTHROPIC_AUTH_TOKEN", "a-token")
      vi.stubEnv("ANTHROPIC_BASE_URL", "http://parley.invalid")
      const spies = (["log", "info", "debug", "warn", "error"] as const).map((name) => vi.spyOn(console, name))
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          vi.unstubAllEnvs()
          for (const spy of spies) spy.mockRestore()
        })
      )
      const server = yield* serve(
        { body: [message("end_turn", text(0, "x"))] },
        { status: 500 },
        { body: ["data: oops\n\n"] }
      )
      const anthropic = provider(server.url)
      yield* Effect.replicateEffect(run(anthropic), 3)
      assert.strictEqual(server.received[0]?.headers.authorization, `Bearer ${secret}`)
      for (const spy of spies) assert.strictEqual(spy.mock.calls.length, 0)
    })
  )
})

it("an error without a message still has a detail", () => {
  assert.strictEqual(fromApi({ type: "", code: "", message: "", status: 500 }, "k").detail, "HTTP 500")
})
