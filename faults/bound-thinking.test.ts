import { assert, describe, it } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { Effect } from "effect"
import { engine, type EngineOptions, type Home, home } from "../packages/harness/src/sessions/home.ts"
import { atRest, breaksRules, stored } from "./support/post.ts"
import { messagesApi } from "./support/thinkingProtocols.ts"
import { type ThinkingServer, thinkingServer } from "./support/thinkingServer.ts"

const tools = McpManager.layerMemory({ echo: () => "once more" })

/** Sends messages with a new engine, as a new process would. */
const send = (here: Home, id: SessionId | undefined, options: EngineOptions, ...messages: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { coordinator, sessions } = yield* engine(here, { tools, limits: { retries: 0 }, ...options })
    const sessionId = id ?? (yield* sessions.create({})).id
    const rounds = yield* Effect.forEach(messages, (request) => coordinator.handleMessage({ sessionId, request }))
    for (const round of rounds) assert.strictEqual(round.status, "completed")
    return { sessionId, rounds, coordinator }
  })

/** A Messages API that refuses foreign thinking with these words. */
const api = (mismatch = messagesApi.mismatch) => thinkingServer({ ...messagesApi, mismatch })
const thoughtsIn = ({ exchanges }: ThinkingServer) => exchanges.map(({ thoughts }) => thoughts)

const prefix = (body: string | undefined) => (body ?? "").replaceAll(/,"cache_control":\{[^}]*\}/g, "").slice(0, -2)

describe("thinking is bound to the endpoint, model and system prompt that produced it", () => {
  it.live("and is sent back byte for byte while none of these changes, also by the next process", () =>
    Effect.gen(function* () {
      const here = yield* home
      const server = yield* api()
      const { sessionId } = yield* Effect.scoped(send(here, undefined, { url: server.url }, "one", "call it"))
      yield* Effect.scoped(send(here, sessionId, { url: `${server.url}/v1/` }, "two"))
      assert.deepStrictEqual(thoughtsIn(server), [0, 1, 2, 3])
      for (const [i, body] of server.bodies.entries())
        if (i > 0)
          assert.isTrue(
            body.replaceAll(/,"cache_control":\{[^}]*\}/g, "").startsWith(prefix(server.bodies[i - 1])),
            `${i}`
          )
    }).pipe(Effect.scoped)
  )

  const moves: ReadonlyArray<readonly [string, Omit<EngineOptions, "url">]> = [
    ["another model", { provider: { defaultModel: "other" } }],
    ["another system prompt", { instructions: "You are tested in another way." }]
  ]
  for (const [name, change] of moves)
    it.live(`and is omitted with ${name}`, () =>
      Effect.gen(function* () {
        const here = yield* home
        const server = yield* api()
        const { sessionId } = yield* Effect.scoped(send(here, undefined, { url: server.url }, "one", "call it"))
        yield* Effect.scoped(send(here, sessionId, { url: server.url, ...change }, "two", "three"))
        assert.deepStrictEqual(thoughtsIn(server), [0, 1, 2, 0, 1])
        assert.deepStrictEqual(breaksRules(server.bodies), [])
      }).pipe(Effect.scoped)
    )

  it.live("and is omitted at another endpoint; back at the first, its own thinking is sent again", () =>
    Effect.gen(function* () {
      const here = yield* home
      const [one, other] = yield* Effect.all([api(), api()])
      const { sessionId } = yield* Effect.scoped(send(here, undefined, { url: one.url }, "one"))
      yield* Effect.scoped(send(here, sessionId, { url: other.url }, "two", "three"))
      yield* Effect.scoped(send(here, sessionId, { url: one.url }, "four"))
      assert.deepStrictEqual(
        [thoughtsIn(one), thoughtsIn(other)],
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

describe("thinking that the provider refuses nevertheless", () => {
  for (const message of words)
    it.live(`costs one more request, once: ${message}`, () =>
      Effect.gen(function* () {
        const here = yield* home
        const server = yield* api(message)
        const { coordinator, rounds, sessionId } = yield* send(here, undefined, { url: server.url }, "one")
        assert.lengthOf(rounds, 1)
        server.forget()
        const round = yield* coordinator.handleMessage({ sessionId, request: "two" })
        assert.deepStrictEqual(
          round.turns.map(({ status }) => status),
          ["failed", "completed"]
        )
        yield* coordinator.handleMessage({ sessionId, request: "three" })
        assert.deepStrictEqual(thoughtsIn(server), [0, 1, 0, 1])
        for (const text of ["one", "two", "three"]) assert.include(server.bodies.at(-1), `"text":"${text}"`)
        assert.deepStrictEqual(breaksRules(server.bodies), [])
        const started = stored(here, sessionId).flatMap(({ event }) => (event._tag === "TurnStarted" ? [event] : []))
        assert.deepStrictEqual(
          started.map(({ thinking }) => thinking),
          [undefined, undefined, "dropped", undefined]
        )
        // The requests are derived again from the log alone.
        for (const [i, { turnId }] of started.entries()) {
          const { wire } = yield* coordinator.sentContext(sessionId, turnId)
          assert.strictEqual(wire?.body, server.bodies[i])
        }
        assert.deepStrictEqual(atRest(here), [])
      }).pipe(Effect.scoped)
    )

  it.live("takes nothing back from the conversation if the round fails later for another reason", () =>
    Effect.gen(function* () {
      const here = yield* home
      const server = yield* api()
      const { coordinator, sessionId } = yield* send(here, undefined, { url: server.url }, "one")
      server.forget()
      server.failAt(4)
      const error = yield* Effect.flip(coordinator.handleMessage({ sessionId, request: "call it" }))
      assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, "Unauthorized")
      yield* coordinator.handleMessage({ sessionId, request: "three" })
      assert.include(server.bodies.at(-1), "once more")
      assert.notInclude(server.bodies.at(-1), "left out")
    }).pipe(Effect.scoped)
  )

  it.live("is retried only once, whatever the second refusal is", () =>
    Effect.gen(function* () {
      const here = yield* home
      const server = yield* api("messages: something else is wrong")
      const { coordinator, sessionId } = yield* send(here, undefined, { url: server.url }, "one")
      server.forget()
      const error = yield* Effect.flip(coordinator.handleMessage({ sessionId, request: "two" }))
      assert.strictEqual(error._tag === "ModelError" ? error.reason._tag : error._tag, "InvalidRequest")
      assert.lengthOf(server.exchanges, 2)
    }).pipe(Effect.scoped)
  )
})
