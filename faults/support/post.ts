import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { Effect, Schema } from "effect"
import { type Reply, serve } from "../../packages/harness/src/provider/SseServer.ts"
import { findings, illegal } from "../../scripts/crash/check.ts"
import { Body } from "@parley/harness/messagesBody"
import { readStored } from "../../scripts/crash/stored.ts"
import { engine, type EngineOptions, type Home } from "../../packages/harness/src/sessions/home.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"

/** Problems of the stored data while no round is running: a damaged file, or violated invariants of its logs. */
export const atRest = (home: Pick<Home, "data" | "scratch">): ReadonlyArray<string> => {
  const { damage, sessions } = readStored(home)
  return [
    ...damage,
    ...sessions.flatMap((session) => findings(session).violations.map((violation) => `${session.id}: ${violation}`))
  ]
}

/** The stored log of a session, read without the store. */
export const stored = (home: Home, sessionId: SessionId): ReadonlyArray<LogEntry> =>
  readStored(home).sessions.find(({ id }) => id === sessionId)?.log ?? []

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Body))

/** The violations of the rules of the Messages API in request bodies. */
export const breaksRules = (bodies: ReadonlyArray<string>): ReadonlyArray<string> =>
  illegal(bodies.map((body) => decode(body)))

const healthy: Reply = { body: [answer("All is well.")] }

/**
 * The postconditions of a case that ran in this process, after its engine was closed: the database is intact, the invariants
 * hold, and a real message to the session is answered, with a legal request.
 */
export const post = (home: Home, sessionId: SessionId, options: Omit<EngineOptions, "url"> = {}) =>
  Effect.gen(function* () {
    const server = yield* serve(healthy)
    const { coordinator } = yield* engine(home, { ...options, url: server.url })
    const round = yield* coordinator.handleMessage({ sessionId, request: "Is all well?" })
    assert.strictEqual(round.status, "completed")
    assert.deepStrictEqual(breaksRules(server.received.map(({ body }) => body)), [])
  }).pipe(
    Effect.scoped,
    Effect.tap(() => Effect.sync(() => assert.deepStrictEqual(atRest(home), [])))
  )
