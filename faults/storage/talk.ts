import type { SessionId } from "@parley/domain/Ids"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { serve } from "../../packages/harness/src/provider/SseServer.ts"
import { engine, type Home } from "../../packages/harness/src/sessions/home.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"

export const words = "Word by word, all of this is kept."

/** A server that answers every request with the same text. */
export const answering = serve({ body: [answer(words)] })

/** Creates sessions with completed rounds, with an engine that is then closed properly. */
export const talk = (here: Home, rounds = 1, sessions = 1): Effect.Effect<ReadonlyArray<SessionId>, unknown> =>
  Effect.gen(function* () {
    const { url } = yield* answering
    const parts = yield* engine(here, { url })
    return yield* Effect.forEach(Array.from({ length: sessions }), () =>
      Effect.gen(function* () {
        const { id } = yield* parts.sessions.create({ workspace: "/w" })
        for (let n = 1; n <= rounds; n++) {
          const round = yield* parts.coordinator.handleMessage({ sessionId: id, request: `Question ${n}` })
          assert.strictEqual(round.status, "completed")
        }
        return id
      })
    )
  }).pipe(Effect.scoped)

/** The error with which opening the database fails. */
export const refusal = (here: Home) =>
  engine(here, { url: "http://127.0.0.1:9" }).pipe(Effect.asVoid, Effect.scoped, Effect.flip)
