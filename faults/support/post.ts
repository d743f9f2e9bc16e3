import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { Effect, Schema } from "effect"
import { type Reply, serve } from "../../packages/provider/test/support/SseServer.ts"
import { findings, illegal } from "../../scripts/crash/check.ts"
import { Body } from "../../scripts/crash/provider.ts"
import { readStored } from "../../scripts/crash/stored.ts"
import { engine, type EngineOptions, type Home } from "./home.ts"
import { answer } from "../../packages/provider/test/support/wire.ts"

/** What is wrong with what lies on the disk while no round runs: the file itself, or the invariants of its logs. */
export const atRest = (home: Pick<Home, "data" | "scratch">): ReadonlyArray<string> => {
  const { damage, sessions } = readStored(home)
  return [
    ...damage,
    ...sessions.flatMap((session) => findings(session).violations.map((violation) => `${session.id}: ${violation}`))
  ]
}

/** The stored log of a session, read past the store. */
export const stored = (home: Home, sessionId: SessionId): ReadonlyArray<LogEntry> =>
  readStored(home).sessions.find(({ id }) => id === sessionId)?.log ?? []

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Body))

/** What breaks the rules of the Messages API among request bodies. */
export const breaksRules = (bodies: ReadonlyArray<string>): ReadonlyArray<string> =>
  illegal(bodies.map((body) => decode(body)))

const healthy: Reply = { body: [answer("All is well.")] }

/**
 * The postconditions of a case that ran in this process, once its own engine is gone: the database is whole and keeps the
 * invariants, and a real next message of the session is answered, with a request that breaks no rule.
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
