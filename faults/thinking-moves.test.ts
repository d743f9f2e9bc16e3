import { assert, describe, it } from "@effect/vitest"
import type { HandleMessageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import type { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Effect } from "effect"
import { engine, type EngineOptions, type Home, home } from "../packages/harness/src/sessions/home.ts"
import { atRest, stored } from "./support/post.ts"
import { messagesApi, responsesApi } from "./support/thinkingProtocols.ts"
import { type ThinkingServer, thinkingServer } from "./support/thinkingServer.ts"

const echo = McpManager.layerMemory({ echo: () => "once more", first: () => "" })
// As many tools as before, so that the system prompt, which contains their number, is the same.
const others = McpManager.layerMemory({ echo: () => "once more", second: () => "" })

/** Two servers for each API, so that a session can move between endpoints and providers. */
interface Servers {
  readonly anthropic: ThinkingServer
  readonly elsewhere: ThinkingServer
  readonly openai: ThinkingServer
  readonly gateway: ThinkingServer
}
const servers = Effect.all({
  anthropic: thinkingServer(messagesApi),
  elsewhere: thinkingServer(messagesApi),
  openai: thinkingServer(responsesApi),
  gateway: thinkingServer(responsesApi)
})

type Which = "anthropic" | "openai"
const models: { readonly [Name in Which]: ModelRef } = {
  anthropic: { provider: "anthropic", model: "claude-opus-5-5" },
  openai: { provider: "openai", model: "gpt-6.2-sol" }
}
const other: { readonly [Name in Which]: Which } = { anthropic: "openai", openai: "anthropic" }

/** What differs between one part of the session and the next, and what comes after it. */
interface Change {
  readonly back?: Change
  readonly engine?: Partial<EngineOptions>
  /** Whether the second server of the same API is used. */
  readonly isElsewhere?: boolean
  readonly model?: (which: Which) => ModelRef
  readonly edit?: (
    coordinator: SessionCoordinator["Service"],
    id: SessionId,
    which: Which
  ) => Effect.Effect<unknown, HandleMessageError>
}

/** Sends messages with a new engine, as another process would. */
const send = (
  here: Home,
  { anthropic, elsewhere, gateway, openai }: Servers,
  which: Which,
  id: SessionId | undefined,
  { edit, engine: options, isElsewhere = false, model }: Change,
  ...messages: ReadonlyArray<string>
) =>
  Effect.gen(function* () {
    const started = {
      url: (isElsewhere ? elsewhere : anthropic).url,
      openai: (isElsewhere ? gateway : openai).url,
      tools: echo,
      ...options,
      limits: { retries: 0 }
    }
    const { coordinator, sessions } = yield* engine(here, started)
    const sessionId = id ?? (yield* sessions.create({})).id
    if (edit !== undefined) yield* edit(coordinator, sessionId, which)
    for (const request of messages) {
      const round = yield* coordinator.handleMessage({ sessionId, request, model: model?.(which) ?? models[which] })
      assert.strictEqual(round.status, "completed")
    }
    return sessionId
  }).pipe(Effect.scoped)

const long = "A long message. ".repeat(500)
const compact: NonNullable<Change["edit"]> = (coordinator, id, which) =>
  coordinator.compact(id, { model: models[which] })

const changes: ReadonlyArray<readonly [string, Change]> = [
  ["another system prompt", { engine: { instructions: "You are tested in another way." } }],
  ["a new baseline that says the same", { edit: (coordinator, id) => coordinator.refresh(id) }],
  ["a compaction", { edit: compact }],
  [
    "a compaction and, later, its undoing",
    { edit: compact, back: { edit: (coordinator, id) => coordinator.undoCompaction(id) } }
  ],
  ["another list of tools", { engine: { tools: others } }],
  ["another model", { model: (which) => ({ ...models[which], model: `${models[which].model}-next` }) }],
  ["another endpoint", { isElsewhere: true }],
  ["another provider", { model: (which) => models[other[which]] }]
]

for (const which of ["anthropic", "openai"] as const)
  describe(`a session with ${which}, which binds thinking to all that precedes it`, () => {
    it.live("sends its thinking back while nothing changes", () =>
      Effect.gen(function* () {
        const here = yield* home
        const all = yield* servers
        const id = yield* send(here, all, which, undefined, {}, "one", "call it")
        yield* send(here, all, which, id, {}, "two")
        assert.deepStrictEqual(
          all[which].exchanges.map(({ thoughts }) => thoughts),
          [0, 1, 2, 3]
        )
        assert.deepStrictEqual(all[which].refusals, [])
      }).pipe(Effect.scoped)
    )

    for (const [name, change] of changes)
      it.live(`continues after ${name}, and back, without one refusal`, () =>
        Effect.gen(function* () {
          const here = yield* home
          const all = yield* servers
          const id = yield* send(here, all, which, undefined, {}, long, "call it", long)
          yield* send(here, all, which, id, change, "two", "call it again", "three")
          yield* send(here, all, which, id, change.back ?? {}, "four", "call it once more", "five")
          for (const server of Object.values(all)) {
            assert.deepStrictEqual(server.refusals, [])
            // Within each part of the session, thinking is sent back.
            const last = server.exchanges.at(-1)
            if (last !== undefined) assert.isAbove(last.thoughts, 2)
          }
          // Every request is derived again from the log alone.
          const { coordinator } = yield* engine(here, { url: all.anthropic.url, openai: all.openai.url, tools: echo })
          const sent = Object.values(all).flatMap(({ bodies }) => bodies)
          for (const { event } of stored(here, id)) {
            if (event._tag !== "TurnStarted" || event.purpose !== undefined) continue
            const { wire } = yield* coordinator.sentContext(id, event.turnId)
            assert.include(sent, wire?.body)
          }
        }).pipe(Effect.scoped)
      )

    it.live("continues after its provider forgot its key, each time with one more request", () =>
      Effect.gen(function* () {
        const here = yield* home
        const all = yield* servers
        const id = yield* send(here, all, which, undefined, {}, "one", "call it")
        all[which].forget()
        yield* send(here, all, which, id, {}, "two")
        all[which].forget()
        yield* send(here, all, which, id, {}, "three", "four")
        assert.lengthOf(all[which].refusals, 2)
        assert.deepStrictEqual(
          all[which].exchanges.slice(3).map(({ thoughts }) => thoughts),
          [3, 0, 1, 0, 1]
        )
        assert.deepStrictEqual(atRest(here), [])
      }).pipe(Effect.scoped)
    )

    it.live("continues a round although its provider refuses its thinking after each call", () =>
      Effect.gen(function* () {
        const here = yield* home
        const all = yield* servers
        let count = 0
        const forgetting = McpManager.layerMemory({
          echo: () => {
            all[which].forget()
            return ++count < 3 ? "call again" : "done"
          }
        })
        yield* send(here, all, which, undefined, { engine: { tools: forgetting } }, "call it")
        assert.deepStrictEqual(
          all[which].exchanges.map(({ thoughts }) => thoughts),
          [0, 1, 0, 1, 0, 1, 0]
        )
        assert.deepStrictEqual(atRest(here), [])
      }).pipe(Effect.scoped)
    )
  })
