import { assert, describe, it } from "@effect/vitest"
import { McpManager } from "@parley/domain/McpManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import { Effect } from "effect"
import { engine, type EngineOptions, type Home, home } from "../packages/harness/src/sessions/home.ts"
import { atRest, stored } from "./support/post.ts"
import { messagesApi } from "./support/thinkingProtocols.ts"
import { type ThinkingServer, thinkingServer } from "./support/thinkingServer.ts"

const current: ModelRef = { provider: "anthropic", model: "claude-opus-5-5" }
const older: ModelRef = { provider: "anthropic", model: "claude-haiku-4-5" }
const models: NonNullable<EngineOptions["models"]> = {
  "anthropic/claude-opus-5-5": { effort: "high" },
  "anthropic/claude-haiku-4-5": { effort: "high" }
}

/** An engine whose tool makes the provider forget its key, so that it then refuses the thinking of the open round. */
const forgetful = (here: Home, api: ThinkingServer, options: Partial<EngineOptions> = {}) =>
  engine(here, {
    url: api.url,
    models,
    limits: { retries: 0 },
    tools: McpManager.layerMemory({
      echo: () => {
        api.forget()
        return "once more"
      }
    }),
    ...options
  })

describe("thinking that was asked for", () => {
  it.live("is dropped by the provider, if it offers that, instead of being refused", () =>
    Effect.gen(function* () {
      const here = yield* home
      const api = yield* thinkingServer(messagesApi)
      const { coordinator, sessions } = yield* forgetful(here, api, { provider: { blockBinding: true } })
      const { id: sessionId } = yield* sessions.create({})
      yield* coordinator.handleMessage({ sessionId, request: "call it", model: current })
      assert.deepStrictEqual(api.refusals, [])
      assert.deepStrictEqual(
        api.exchanges.map(({ dropped, thoughts }) => [thoughts, dropped]),
        [
          [0, 0],
          [1, 1]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it.live("is not asked to be dropped by servers that may not know the option", () =>
    Effect.gen(function* () {
      const here = yield* home
      const api = yield* thinkingServer(messagesApi)
      const { coordinator, sessions } = yield* forgetful(here, api)
      const { id: sessionId } = yield* sessions.create({})
      yield* coordinator.handleMessage({ sessionId, request: "call it", model: current })
      assert.deepStrictEqual(api.refusals, [messagesApi.mismatch])
      assert.notInclude(api.bodies.join(), "block_binding")
    }).pipe(Effect.scoped)
  )

  it.live("is switched off until the next message where a budget requires thinking that was left out", () =>
    Effect.gen(function* () {
      const here = yield* home
      const api = yield* thinkingServer(messagesApi)
      const { coordinator, sessions } = yield* forgetful(here, api)
      const { id: sessionId } = yield* sessions.create({})
      yield* coordinator.handleMessage({ sessionId, request: "call it", model: older })
      yield* coordinator.handleMessage({ sessionId, request: "two", model: older })
      assert.deepStrictEqual(api.refusals, [messagesApi.mismatch])
      const kinds = api.bodies.map((body) => /"thinking":\{"type":"(\w+)"/.exec(body)?.[1])
      assert.deepStrictEqual(kinds, ["enabled", "enabled", "disabled", "enabled"])
      assert.deepStrictEqual(atRest(here), [])
    }).pipe(Effect.scoped)
  )

  it.live("is part of the turn, so that another process with another effort derives the same request", () =>
    Effect.gen(function* () {
      const here = yield* home
      const api = yield* thinkingServer(messagesApi)
      const sessionId = yield* Effect.gen(function* () {
        const { coordinator, sessions } = yield* forgetful(here, api)
        const { id } = yield* sessions.create({})
        yield* coordinator.handleMessage({ sessionId: id, request: "one", model: current })
        yield* coordinator.handleMessage({ sessionId: id, request: "two", model: older })
        return id
      }).pipe(Effect.scoped)
      const { coordinator } = yield* forgetful(here, api, { models: {} })
      const turns = stored(here, sessionId).flatMap(({ event }) => (event._tag === "TurnStarted" ? [event.turnId] : []))
      const derived = yield* Effect.forEach(turns, (turn) => coordinator.sentContext(sessionId, turn))
      assert.deepStrictEqual(
        derived.map(({ wire }) => wire?.body),
        [...api.bodies]
      )
      assert.include(api.bodies[0], '"output_config":{"effort":"high"}')
      assert.include(api.bodies[1], '"budget_tokens":16000')
    }).pipe(Effect.scoped)
  )
})
