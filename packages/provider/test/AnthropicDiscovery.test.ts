import { assert, describe, it } from "@effect/vitest"
import { type Reply, serve } from "@parley/harness/SseServer"
import * as Effect from "effect/Effect"
import { provider } from "./support/Turn.ts"

const json = (value: object, status = 200): Reply => ({
  status,
  headers: { "content-type": "application/json" },
  body: [JSON.stringify(value)]
})

const asked = (...replies: ReadonlyArray<Reply>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* serve(...replies)
      const found = yield* Effect.match(provider(server.url).discover ?? Effect.succeed([]), {
        onFailure: ({ message }) => message,
        onSuccess: (models) => models
      })
      return { found, urls: server.received.map(({ url }) => url) }
    })
  )

const first = { id: "claude-opus-5-5", max_input_tokens: 1_000_000, max_tokens: 128_000 }
const second = { id: "claude-haiku-4-5", max_input_tokens: null, max_tokens: 64_000 }

describe("the models of an Anthropic server", () => {
  it.live("are read page by page, with their limits", () =>
    Effect.gen(function* () {
      const { found, urls } = yield* asked(
        json({ data: [first], has_more: true, last_id: first.id }),
        json({ data: [second], has_more: false, last_id: second.id })
      )
      assert.deepStrictEqual(found, [
        { name: "claude-opus-5-5", contextWindow: 1_000_000, maxOutputTokens: 128_000 },
        { name: "claude-haiku-4-5", maxOutputTokens: 64_000 }
      ])
      assert.deepStrictEqual(urls, ["/v1/models?limit=1000", "/v1/models?limit=1000&after_id=claude-opus-5-5"])
    })
  )

  it.live("are only names at servers that report no limits", () =>
    Effect.gen(function* () {
      const { found } = yield* asked(json({ object: "list", data: [{ id: "glm-5" }] }))
      assert.deepStrictEqual(found, [{ name: "glm-5" }])
    })
  )

  it.live("are not asked for again and again", () =>
    Effect.gen(function* () {
      const again = json({ data: [first], has_more: true, last_id: first.id })
      const { urls } = yield* asked(...Array.from({ length: 30 }, () => again))
      assert.lengthOf(urls, 2)
      const endless = Array.from({ length: 30 }, (_, i) => json({ data: [first], has_more: true, last_id: `m${i}` }))
      assert.lengthOf((yield* asked(...endless)).urls, 20)
    })
  )

  it.live("that cannot be read are a typed error", () =>
    Effect.gen(function* () {
      const refused = json({ type: "error", error: { type: "authentication_error", message: "no" } }, 401)
      assert.include((yield* asked(json({ data: "none" }))).found, "not a list of models")
      assert.include((yield* asked(refused)).found, "HTTP 401")
    })
  )
})
