import { createServer, type ServerResponse } from "node:http"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../suite.ts"
import { engine, home } from "../../packages/harness/src/sessions/home.ts"
import { post } from "../support/post.ts"
import { answer, apiError } from "../../packages/harness/src/provider/wire.ts"
import { listening } from "../../packages/harness/src/provider/listening.ts"

const sessions = 50

/** Rejects the first fifty requests at the same instant with the same `retry-after`, and answers all later ones. */
const busy = Effect.gen(function* () {
  const times: Array<number> = []
  const waiting: Array<ServerResponse> = []
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      if (times.push(performance.now()) > sessions) {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(answer("At last."))
        return
      }
      if (waiting.push(response) < sessions) return
      for (const early of waiting) {
        early.writeHead(429, { "content-type": "application/json", "retry-after": "1" })
        early.end(apiError("rate_limit_error"))
      }
      times.push(performance.now())
    })
  })
  return { times, url: `http://127.0.0.1:${yield* listening(server)}` }
})

/** The largest number of requests within any interval of `millis` milliseconds. */
const most = (times: ReadonlyArray<number>, millis: number): number =>
  Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + millis).length))

const storm: Case = {
  id: "P40",
  name: "retries are spread out, and none is earlier than its retry-after",
  run: Effect.gen(function* () {
    const here = yield* home
    const { second, sessionId, turnedAway } = yield* Effect.gen(function* () {
      const server = yield* busy
      const built = yield* engine(here, {
        url: server.url,
        limits: { retries: 1, firstChunkMillis: 120_000, turnMillis: 120_000 }
      })
      const rounds = yield* Effect.forEach(
        Array.from({ length: sessions }, (_, i) => i),
        () =>
          Effect.flatMap(built.sessions.create({}), ({ id }) =>
            Effect.map(built.coordinator.handleMessage({ sessionId: id, request: "now" }), (round) => ({ id, round }))
          ),
        { concurrency: "unbounded" }
      )
      for (const { round } of rounds) assert.strictEqual(round.status, "completed")
      const [turnedAway = 0, ...second] = server.times.slice(sessions)
      assert.lengthOf(second, sessions)
      return { turnedAway, second, sessionId: rounds[0]!.id }
    }).pipe(Effect.scoped)
    assert.isAtLeast(Math.min(...second) - turnedAway, 1500)
    // Random delays alone would send all retries within half a second. They are spaced 50 ms apart; on a busy machine, some
    // may arrive together.
    assert.isAtLeast(Math.max(...second) - Math.min(...second), (sessions - 1) * 50 - 250)
    assert.isAtMost(most(second, 500), 20)
    yield* post(here, sessionId)
  })
}

export const storms = [storm]
