import { assert, describe, it } from "@effect/vitest"
import { ConfigError } from "@parley/domain/Errors"
import type { ModelError } from "@parley/domain/ModelError"
import * as Http from "@parley/http/Http"
import { message } from "@parley/harness/Events"
import { type Reply, serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Providers from "../src/registry/Providers.ts"
import { request } from "./support/Turn.ts"

const entry = (value: object): Providers.Entry => ({
  name: "mine",
  value,
  decode: (schema) => Effect.orDie(Schema.decodeUnknownEffect(schema)(value)),
  errorAt: (path, problem) => new ConfigError({ path, problem })
})

/** Keys that are given out one after the other; `undefined` is a failure. */
const giving = (...keys: ReadonlyArray<string | undefined>) => {
  let given = 0
  let forgotten = 0
  const source: Providers.KeySource = {
    get: () => {
      given++
      const key = keys[Math.min(forgotten, keys.length - 1)]
      return key === undefined ? Promise.reject(new TypeError("the command failed")) : Promise.resolve(key)
    },
    forget: () => void forgotten++
  }
  return { source, counts: () => [given, forgotten] }
}

const asking = (answers: ReadonlyArray<Reply>, source: Providers.KeySource, value: object = {}) =>
  Effect.gen(function* () {
    const [first, ...others] = answers
    const server = yield* serve(first ?? {}, ...others)
    const keys: Providers.KeySources = { ofCommand: () => source, stored: () => undefined }
    const configured = yield* Providers.configure(
      [entry({ type: "anthropic", baseUrl: server.url, apiKeyCommand: ["print-key"], ...value })],
      {},
      keys
    )
    const [mine] = yield* Effect.promise(() => Providers.load(configured, Http.make()))
    if (mine === undefined) return yield* Effect.die("there is no provider")
    const send = Stream.runDrain(mine.stream(request()))
    const sentKeys = () => server.received.map(({ headers }) => headers["x-api-key"] ?? headers["authorization"])
    return { send, sentKeys, configured }
  })

const detailOf = (error: ModelError) => [error.reason._tag, error.message] as const

describe("a key that is obtained when it is needed", () => {
  it.live("is sent in the place of a placeholder, and only asked for by a request", () =>
    Effect.gen(function* () {
      const { counts, source } = giving("key-one")
      const { configured, send, sentKeys } = yield* asking([{ body: [message("end_turn")] }], source)
      assert.deepInclude(configured[0], { keyFrom: "command", isConfigured: true })
      assert.deepStrictEqual(counts(), [0, 0])
      yield* send
      assert.include(sentKeys()[0], "key-one")
      assert.deepStrictEqual(counts(), [1, 0])
    }).pipe(Effect.scoped)
  )

  it.live("is obtained again after a 401, and the request is sent once more with another key", () =>
    Effect.gen(function* () {
      const { counts, source } = giving("key-old", "key-new")
      const refused = {
        status: 401,
        body: ['{"type":"error","error":{"type":"authentication_error","message":"old"}}']
      }
      const { send, sentKeys } = yield* asking([refused, { body: [message("end_turn")] }], source)
      yield* send
      assert.deepStrictEqual(
        sentKeys().map((key) => /key-\w+/.exec(String(key))?.[0]),
        ["key-old", "key-new"]
      )
      assert.deepStrictEqual(counts(), [2, 1])
    }).pipe(Effect.scoped)
  )

  it.live("that is refused and does not change is not sent twice, and no error contains it", () =>
    Effect.gen(function* () {
      const { source } = giving("key-bad")
      const refused = {
        status: 401,
        body: ['{"type":"error","error":{"type":"authentication_error","message":"no: key-bad"}}']
      }
      const { send, sentKeys } = yield* asking([refused], source)
      const [tag, text] = detailOf(yield* Effect.flip(send))
      assert.strictEqual(tag, "Unauthorized")
      assert.notInclude(text, "key-bad")
      assert.include(text, "no: [key]")
      assert.lengthOf(sentKeys(), 1)
    }).pipe(Effect.scoped)
  )

  it.live("that cannot be obtained is an error that is not retried, and nothing is sent", () =>
    Effect.gen(function* () {
      const { source } = giving(undefined)
      const { send, sentKeys } = yield* asking([{ body: [message("end_turn")] }], source)
      const [tag, text] = detailOf(yield* Effect.flip(send))
      assert.strictEqual(tag, "Unauthorized")
      assert.include(text, "no key was sent, because the command failed")
      assert.isEmpty(sentKeys())
    }).pipe(Effect.scoped)
  )
})
