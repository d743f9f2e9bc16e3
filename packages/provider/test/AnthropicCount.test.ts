import { assert, describe, it } from "@effect/vitest"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Anthropic from "../src/anthropic/Anthropic.ts"
import { maxRequestBytes } from "../src/text/Bounds.ts"
import type { ModelProvider } from "../src/contract/ModelProvider.ts"
import { type Reply, serve } from "@parley/harness/SseServer"
import { provider, request, secret, user } from "./support/Turn.ts"

const json = { "content-type": "application/json" }
const counted = (body: string): Reply => ({ headers: json, body: [body] })
const failed = (status: number): Reply => ({
  status,
  headers: json,
  body: ['{"type":"error","error":{"type":"some_error","message":"no"}}']
})

const count = (from: ModelProvider, what: ModelRequest = request()) =>
  from.count?.(what) ?? Effect.die("it cannot count")
const named = (model: string): ModelRequest => ({ ...request(), model: { provider: "anthropic", model } })

describe("counting", () => {
  it.effect("sends the body of the request without the members about the response", () =>
    Effect.gen(function* () {
      const server = yield* serve(counted('{"input_tokens":2095,"more":1}'))
      const from = provider(server.url, { thinking: { type: "adaptive" } })
      const what = request([user("hi")], { system: "Be brief." })
      assert.strictEqual(yield* count(from, what), 2095)
      const [asked] = server.received
      assert.strictEqual(asked?.url, "/v1/messages/count_tokens")
      assert.strictEqual(asked?.headers.authorization, `Bearer ${secret}`)
      const body =
        from
          .render?.(what)
          .map(({ text }) => text)
          .join("") ?? ""
      assert.include(body, '"max_tokens":32000,"stream":true,')
      assert.strictEqual(asked?.body, body.replace('"max_tokens":32000,"stream":true,', ""))
    })
  )

  it.effect.each<readonly [string, Reply]>([
    ["a refusal", failed(401)],
    ["an overload", failed(529)],
    ["a limit", failed(429)],
    ["an answer without a number", counted('{"tokens":1}')],
    ["an invalid number", counted('{"input_tokens":-1}')],
    ["a response that is not JSON", counted("{")],
    ["an answer that breaks off", { headers: json, body: ['{"input'], last: "cut" }],
    ["a connection that breaks", { mute: true, last: "reset" }]
  ])("%s is no number and no failure, and is not asked again for", ([, reply]) =>
    Effect.gen(function* () {
      const server = yield* serve(reply, counted('{"input_tokens":3}'))
      const from = provider(server.url)
      assert.isUndefined(yield* count(from))
      assert.strictEqual(server.received.length, 1)
      assert.strictEqual(yield* count(from), 3, "the next request is counted again")
    })
  )

  it.effect("a server that cannot count, or does not know the model, gets only one request", () =>
    Effect.gen(function* () {
      const server = yield* serve(failed(404), counted('{"input_tokens":3}'))
      const from = provider(server.url)
      assert.isUndefined(yield* count(from, named("unknown")))
      assert.isUndefined(yield* count(from, named("unknown")))
      assert.strictEqual(server.received.length, 1)
      assert.strictEqual(yield* count(from, named("known")), 3)
    })
  )

  it.effect("has a timeout of five seconds, then the connection is closed", () =>
    Effect.gen(function* () {
      const server = yield* serve({ headers: json, body: ["{"], last: "hang" })
      const fiber = yield* Effect.forkChild(count(provider(server.url)), { startImmediately: true })
      yield* Deferred.await(server.hanging)
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isUndefined(yield* Fiber.join(fiber))
      yield* Deferred.await(server.received[0]?.closed ?? Deferred.makeUnsafe<void>())
    }).pipe(Effect.scoped)
  )

  it.live("can be interrupted", () =>
    Effect.gen(function* () {
      const server = yield* serve({ mute: true, last: "hang" })
      const fiber = yield* Effect.forkChild(count(provider(server.url)), { startImmediately: true })
      yield* Deferred.await(server.hanging)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      yield* Deferred.await(server.received[0]?.closed ?? Deferred.makeUnsafe<void>())
    })
  )

  it.live("sends nothing if a header cannot contain the key or the body is too large for the API", () =>
    Effect.gen(function* () {
      const server = yield* serve(counted('{"input_tokens":3}'))
      assert.isUndefined(yield* count(Anthropic.make({ apiKey: Redacted.make("two words"), baseUrl: server.url })))
      assert.isUndefined(yield* count(provider(server.url), request([user("x".repeat(maxRequestBytes))])))
      assert.strictEqual(server.received.length, 0)
    })
  )
})

it("the largest attachment fits into a request, and the largest image into the API's limit for images", () => {
  const accepts = provider("http://127.0.0.1").describe("m").accepts ?? {}
  const base64 = (type: string) => Math.ceil((accepts[type] ?? Infinity) / 3) * 4
  for (const type of ["image/png", "image/jpeg", "image/gif", "image/webp"])
    assert.isAtMost(base64(type), 5 * 1024 * 1024, type)
  assert.isBelow(base64("application/pdf"), maxRequestBytes - 4 * 1024 * 1024)
  assert.strictEqual(Object.keys(accepts).length, 5)
})
