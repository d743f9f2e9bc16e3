import { assert, describe, it } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { Effect } from "effect"
import { binding, thoughts } from "./support/binding.ts"
import { engine, type EngineOptions, type Home, home } from "./support/home.ts"
import { atRest, breaksRules, stored } from "./support/post.ts"

const tools = McpManager.layerMemory({ echo: () => "once more" })

/** Sends messages with an engine of their own, as a process would. */
const send = (here: Home, id: SessionId | undefined, options: EngineOptions, ...messages: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { coordinator, sessions } = yield* engine(here, { tools, limits: { retries: 0 }, ...options })
    const sessionId = id ?? (yield* sessions.create({})).id
    const rounds = yield* Effect.forEach(messages, (request) => coordinator.handleMessage({ sessionId, request }))
    for (const round of rounds) assert.strictEqual(round.status, "completed")
    return { sessionId, rounds, coordinator }
  })

const prefix = (body: string | undefined) => (body ?? "").replaceAll(/,"cache_control":\{[^}]*\}/g, "").slice(0, -2)

describe("thinking belongs to where it was produced", () => {
  it.live("and goes back there, byte for byte, while nothing changes, also to the next process", () =>
    Effect.gen(function* () {
      const here = yield* home
      const api = yield* binding()
      const { sessionId } = yield* Effect.scoped(send(here, undefined, { url: api.url }, "one", "call it"))
      yield* Effect.scoped(send(here, sessionId, { url: `${api.url}/v1/` }, "two"))
      assert.deepStrictEqual(api.requests.map(thoughts), [0, 1, 2, 3])
      for (const [i, body] of api.bodies.entries())
        if (i > 0)
          assert.isTrue(
            body.replaceAll(/,"cache_control":\{[^}]*\}/g, "").startsWith(prefix(api.bodies[i - 1])),
            `${i}`
          )
    }).pipe(Effect.scoped)
  )

  const moves: ReadonlyArray<readonly [string, Omit<EngineOptions, "url">]> = [
    ["another model", { provider: { defaultModel: "other" } }],
    ["another system prompt", { instructions: "You are tested in another way." }]
  ]
  for (const [name, change] of moves)
    it.live(`and stays behind with ${name}`, () =>
      Effect.gen(function* () {
        const here = yield* home
        const api = yield* binding()
        const { sessionId } = yield* Effect.scoped(send(here, undefined, { url: api.url }, "one", "call it"))
        yield* Effect.scoped(send(here, sessionId, { url: api.url, ...change }, "two", "three"))
        assert.deepStrictEqual(api.requests.map(thoughts), [0, 1, 2, 0, 1])
        assert.deepStrictEqual(breaksRules(api.bodies), [])
      }).pipe(Effect.scoped)
    )

  it.live("and stays behind at another endpoint; back at the first, its own is there again", () =>
    Effect.gen(function* () {
      const here = yield* home
      const [one, other] = yield* Effect.all([binding(), binding()])
      const { sessionId } = yield* Effect.scoped(send(here, undefined, { url: one.url }, "one"))
      yield* Effect.scoped(send(here, sessionId, { url: other.url }, "two", "three"))
      yield* Effect.scoped(send(here, sessionId, { url: one.url }, "four"))
      assert.deepStrictEqual(
        [one.requests.map(thoughts), other.requests.map(thoughts)],
        [
          [0, 1],
          [0, 1]
        ]
      )
      assert.deepStrictEqual(breaksRules([...one.bodies, ...other.bodies]), [])
    }).pipe(Effect.scoped)
  )
})

const words: ReadonlyArray<string> = [
  "messages.1.content.0: Invalid `signature` in `thinking` block",
  "The block is bound to a different conversation … The `system` prompt differs",
  "messages.3.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.",
  "Invalid signature",
  "block_binding: prefix_mismatch"
]

describe("thinking that the provider refuses all the same", () => {
  for (const said of words)
    it.live(`costs one more request, once: ${said}`, () =>
      Effect.gen(function* () {
        const here = yield* home
        const api = yield* binding(() => said)
        const { coordinator, rounds, sessionId } = yield* send(here, undefined, { url: api.url }, "one")
        assert.lengthOf(rounds, 1)
        api.forget()
        const round = yield* coordinator.handleMessage({ sessionId, request: "two" })
        assert.deepStrictEqual(
          round.turns.map(({ status }) => status),
          ["failed", "completed"]
        )
        yield* coordinator.handleMessage({ sessionId, request: "three" })
        assert.deepStrictEqual(api.requests.map(thoughts), [0, 1, 0, 1])
        for (const text of ["one", "two", "three"]) assert.include(api.bodies.at(-1), `"text":"${text}"`)
        assert.deepStrictEqual(breaksRules(api.bodies), [])
        const started = stored(here, sessionId).flatMap(({ event }) => (event._tag === "TurnStarted" ? [event] : []))
        assert.deepStrictEqual(
          started.map(({ thinking }) => thinking),
          [undefined, undefined, "dropped", undefined]
        )
        // What was sent is worked out again from the log alone.
        for (const [i, { turnId }] of started.entries()) {
          const { wire } = yield* coordinator.sentContext(sessionId, turnId)
          assert.strictEqual(wire?.body, api.bodies[i])
        }
        assert.deepStrictEqual(atRest(here), [])
      }).pipe(Effect.scoped)
    )

  it.live("takes nothing back that was said, should the round fail later for another reason", () =>
    Effect.gen(function* () {
      const here = yield* home
      const api = yield* binding()
      const { coordinator, sessionId } = yield* send(here, undefined, { url: api.url }, "one")
      api.forget()
      api.failAt(4)
      const error = yield* Effect.flip(coordinator.handleMessage({ sessionId, request: "call it" }))
      assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, "Unauthorized")
      yield* coordinator.handleMessage({ sessionId, request: "three" })
      assert.include(api.bodies.at(-1), "once more")
      assert.notInclude(api.bodies.at(-1), "left out")
    }).pipe(Effect.scoped)
  )

  it.live("is no reason to ask a third time, nor is anything else", () =>
    Effect.gen(function* () {
      const here = yield* home
      const api = yield* binding(() => "messages: something else is wrong")
      const { coordinator, sessionId } = yield* send(here, undefined, { url: api.url }, "one")
      api.forget()
      const error = yield* Effect.flip(coordinator.handleMessage({ sessionId, request: "two" }))
      assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, "InvalidRequest")
      assert.lengthOf(api.requests, 2)
    }).pipe(Effect.scoped)
  )
})
