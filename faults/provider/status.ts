import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { serve } from "../../packages/provider/test/support/SseServer.ts"
import type { Case } from "../suite.ts"
import { engine, home } from "../support/home.ts"
import { post } from "../support/post.ts"
import { answer, apiError } from "../support/wire.ts"

const json = { "content-type": "application/json" }

/** A server that fails in a way that passes. */
export const statuses: ReadonlyArray<Case> = [500, 502, 503, 504].map((status) => ({
  id: "P03",
  name: `${status}, then an answer`,
  run: Effect.gen(function* () {
    const here = yield* home
    const server = yield* serve(
      { status, headers: json, body: [apiError("api_error")] },
      { body: [answer("Back again.")] }
    )
    const sessionId = yield* Effect.gen(function* () {
      const { coordinator, sessions } = yield* engine(here, { url: server.url })
      const { id } = yield* sessions.create({})
      const round = yield* coordinator.handleMessage({ sessionId: id, request: "hello" })
      assert.strictEqual(round.status, "completed")
      assert.deepStrictEqual(
        round.turns.map((turn) => [turn.status, turn.failure?.reason]),
        [
          ["failed", "Overloaded"],
          ["completed", undefined]
        ]
      )
      return id
    }).pipe(Effect.scoped)
    assert.strictEqual(server.received[0]?.body, server.received[1]?.body)
    yield* post(here, sessionId)
  })
}))
