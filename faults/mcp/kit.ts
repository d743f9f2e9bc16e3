import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { Round } from "@parley/domain/Session"
import { fromEvents } from "@parley/domain/SessionFold"
import type { ToolOutcome } from "@parley/domain/Tool"
import type { McpServersOptions } from "@parley/mcp/McpServers"
import { Effect, Layer, Logger, References, type Scope } from "effect"
import { type Received, serve } from "../../packages/provider/test/support/SseServer.ts"
import { answer } from "../../packages/provider/test/support/wire.ts"
import type { Case } from "../suite.ts"
import { engine, type Home, home } from "../support/home.ts"
import { breaksRules, post, stored } from "../support/post.ts"
import { type Note, noted, type Script, scripted } from "./support/script.ts"
import { managerOf, nothingRuns } from "./support/servers.ts"
import { type Call, turnOf } from "./support/turn.ts"

/** What a scenario left. */
export interface Seen {
  readonly home: Home
  readonly round: Round
  /** How each call of the round ended, in the order of the calls. */
  readonly outcomes: ReadonlyArray<ToolOutcome | undefined>
  /** How the servers fared after the round. */
  readonly statuses: { readonly [server: string]: ServerStatus }
  /** The tools that the model was offered, request by request; the last is of the message after the round. */
  readonly offered: ReadonlyArray<ReadonlyArray<string>>
  readonly received: ReadonlyArray<Received>
  readonly notes: ReadonlyArray<Note>
  /** What was written to the log. */
  readonly logged: ReadonlyArray<string>
  /** How long the round took. */
  readonly millis: number
  /** How long it took to end the servers. */
  readonly closing: number
}

/** What can be looked at while a round runs. */
export interface Running extends Effect.Success<ReturnType<typeof engine>> {
  readonly home: Home
  readonly manager: McpManager["Service"]
  readonly logged: ReadonlyArray<string>
  readonly sessionId: SessionId
}

export interface Scenario {
  readonly servers: (here: Home) => { readonly [name: string]: McpServerConfig }
  readonly options?: (here: Home) => Partial<McpServersOptions>
  /** What the model calls, turn after turn; then it says that it is done. */
  readonly turns?: ReadonlyArray<ReadonlyArray<Call>>
  readonly look: (seen: Seen) => void
  readonly meanwhile?: (running: Running) => Effect.Effect<unknown, unknown>
  /** When the model is asked the next thing, if not when the round is over. */
  readonly afterwards?: (running: Running) => Effect.Effect<unknown, unknown>
  /** When the servers have been ended, and before it is looked whether something is left. */
  readonly atEnd?: (here: Home) => Effect.Effect<unknown, unknown>
}

/** One server `s` that follows a script, with limits that a test can wait for. */
export const one =
  (script: Script, limits: { readonly timeoutMillis?: number; readonly startTimeoutMillis?: number } = {}) =>
  (here: Home) => ({ s: scripted(here, "s", script, limits) })

const toolNames = ({ body }: Received): ReadonlyArray<string> => {
  const request: { readonly tools?: ReadonlyArray<{ readonly name: string }> } = JSON.parse(body)
  return (request.tools ?? []).map(({ name }) => name)
}

/** The model is not what is tested, and the machine may be busy. */
export const patient = { firstChunkMillis: 60_000, idleMillis: 60_000, turnMillis: 60_000 }

/** Logs nothing, and keeps what would have been logged. */
export const keeping = (into: Array<string>) =>
  Layer.mergeAll(
    Layer.succeed(References.MinimumLogLevel, "Debug"),
    Logger.layer([Logger.make(({ message }) => void into.push([message].flat().map(String).join(" ")))])
  )

/**
 * Runs a round of the real engine with real servers, then another message of the same session while the servers are as the
 * fault has left them. Looks, and checks the postconditions: one result for each call, requests and a database without
 * fault, no process left, and a session that a new engine goes on with.
 */
export const play = (scenario: Scenario): Effect.Effect<void, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const here = yield* home
    const turns = scenario.turns ?? []
    const logged: Array<string> = []
    const seen = yield* Effect.gen(function* () {
      const server = yield* serve(
        ...turns.map((calls, turn) => ({ body: [turnOf(calls, turn)] })),
        { body: [answer("It is done.")] },
        { body: [answer("All is well.")] }
      )
      const manager = yield* managerOf(scenario.servers(here), scenario.options?.(here))
      const built = yield* engine(here, { url: server.url, limits: patient, tools: Layer.succeed(McpManager, manager) })
      const { id: sessionId } = yield* built.sessions.create({})
      const running = { ...built, home: here, manager, logged, sessionId }
      const before = performance.now()
      const [round] = yield* Effect.all(
        [
          built.coordinator.handleMessage({ sessionId, request: "Do it." }),
          scenario.meanwhile?.(running) ?? Effect.void
        ],
        { concurrency: "unbounded" }
      )
      const millis = performance.now() - before
      yield* scenario.afterwards?.(running) ?? Effect.void
      const statuses = yield* manager.servers
      const next = yield* built.coordinator.handleMessage({ sessionId, request: "Is all well?" })
      assert.strictEqual(next.status, "completed")
      assert.deepStrictEqual(breaksRules(server.received.map(({ body }) => body)), [])
      return { sessionId, round, millis, statuses, received: server.received, until: performance.now() }
    }).pipe(Effect.scoped, Effect.provide(keeping(logged)))
    const closing = performance.now() - seen.until
    yield* scenario.atEnd?.(here) ?? Effect.void
    yield* nothingRuns(here)
    const log = stored(here, seen.sessionId)
    const round = fromEvents(seen.sessionId, log).rounds[0]
    assert.isDefined(round)
    assert.strictEqual(seen.round.status, round.status)
    const calls = round.turns.flatMap(({ toolCalls }) => toolCalls)
    assert.strictEqual(calls.length, turns.flat().length)
    const settled = log.flatMap(({ event }) => (event._tag === "ToolSettled" ? [event.callId] : []))
    assert.strictEqual(new Set(settled).size, settled.length, "no call has two results")
    for (const { callId } of calls) assert.include(settled, callId)
    scenario.look({
      home: here,
      round,
      outcomes: calls.map(({ outcome }) => outcome),
      statuses: Object.fromEntries(seen.statuses.map((status) => [status.name, status])),
      offered: seen.received.map(toolNames),
      received: seen.received,
      notes: noted(here),
      logged,
      millis: seen.millis,
      closing
    })
    yield* post(here, seen.sessionId, { limits: patient })
  }).pipe(Effect.timeout("5 minutes"))

export const variant = (id: string, name: string, scenario: Scenario): Case => ({
  id,
  name,
  needs: ["linux"],
  run: play(scenario)
})
