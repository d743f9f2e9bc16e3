import type { HandleMessageError } from "@parley/domain/Errors"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import { ScriptedModel } from "@parley/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import { isSummary, talk, type Talk } from "./support/Talk.ts"
import { checkInvariants, log, send, sessionId, watched } from "./World.ts"

const flat = (request: ModelRequest | undefined) => JSON.stringify(request?.messages ?? [])
const compaction = Effect.map(log, (entries) =>
  entries.flatMap(({ event }) => (event._tag === "ContextCompacted" ? [event] : [])).at(-1)
)
const small = { ...ScriptedModel.ref, model: "small" }

/** Twelve messages of some 110 tokens, and then a compaction that the user asks for. */
const testing = (
  name: string,
  test: (requests: ReadonlyArray<ModelRequest>) => Effect.Effect<void, HandleMessageError, SessionCoordinator | Needed>,
  options: Talk = {}
) =>
  it.effect(name, () => {
    const requests: Array<ModelRequest> = []
    return Effect.gen(function* () {
      const seen = yield* watched
      for (let n = 1; n <= 12; n++) yield* send(`message ${n} ${"lorem ipsum ".repeat(35)}`)
      yield* test(requests)
      yield* checkInvariants(seen)
    }).pipe(Effect.provide(talk(requests, options)))
  })
type Needed = Effect.Services<typeof log>

const compact = (model?: typeof small) =>
  SessionCoordinator.use((coordinator) => coordinator.compact(sessionId, { model }))

describe("a compaction requested by the user", () => {
  testing("makes a session smaller that is far from too large, and keeps its last messages", (requests) =>
    Effect.gen(function* () {
      yield* compact()
      const event = yield* compaction
      assert.isBelow(event?.after.tokens ?? Infinity, (event?.before.tokens ?? 0) / 2)
      yield* send("and now?")
      const last = flat(requests.at(-1))
      assert.include(last, "message 12 ")
      assert.notInclude(last, "message 5 ")
    })
  )

  testing(
    "does the same if the model's context window is unknown",
    (requests) =>
      Effect.gen(function* () {
        yield* compact()
        yield* send("and now?")
        const last = flat(requests.at(-1))
        assert.include(last, "message 12 ")
        assert.notInclude(last, "message 5 ")
      }),
    { window: "unknown" }
  )

  testing(
    "for a model with a smaller context window fits that one, so that the next message needs no other summary",
    (requests) =>
      Effect.gen(function* () {
        yield* compact(small)
        const event = yield* compaction
        assert.isAtMost(event?.after.tokens ?? Infinity, 450)
        yield* SessionCoordinator.use((coordinator) =>
          coordinator.handleMessage({ sessionId, request: "and now?", model: small })
        )
        assert.strictEqual(requests.filter(isSummary).length, 1)
        assert.include(flat(requests.at(-1)), "and now?")
      }),
    { windows: { small: 900 } }
  )
})
