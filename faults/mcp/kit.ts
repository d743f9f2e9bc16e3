import { assert } from "@effect/vitest"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { Round } from "@parley/domain/Session"
import { fromEvents } from "@parley/domain/SessionFold"
import type { ToolOutcome } from "@parley/domain/Tool"
import type { McpServersOptions } from "@parley/mcp/McpServers"
import { Effect, Layer, Logger, References, type Scope } from "effect"
import { type Received, serve } from "../../packages/harness/src/provider/SseServer.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"
import type { Case } from "../suite.ts"
import { engine, type Home, home } from "../../packages/harness/src/sessions/home.ts"
import { breaksRules, post, stored } from "../support/post.ts"
import { type Note, noted, type Script, scripted } from "./support/script.ts"
import { managerOf, nothingRuns } from "./support/servers.ts"
import { type Call, turnOf } from "./support/turn.ts"

/** The results of a scenario. */
export interface Seen {
  readonly home: Home
  readonly round: Round
  /** How each call of the round ended, in the order of the calls. */
  readonly outcomes: ReadonlyArray<ToolOutcome | undefined>
  /** The status of each server after the round. */
  readonly statuses: { readonly [server: string]: ServerStatus }
  /** The tools that were offered to the model, for each request. The last one belongs to the message after the round. */
  readonly offered: ReadonlyArray<ReadonlyArray<string>>
  readonly received: ReadonlyArray<Received>
  readonly notes: ReadonlyArray<Note>
  /** The log messages. */
  readonly logged: ReadonlyArray<string>
  /** How long the round took. */
  readonly millis: number
  /** How long it took to end the servers. */
  readonly closing: number
}

/** The running parts that a scenario can inspect during a round. */
export interface Running extends Effect.Success<ReturnType<typeof engine>> {
  readonly home: Home
  readonly manager: McpManager["Service"]
  readonly logged: ReadonlyArray<string>
  readonly sessionId: SessionId
}

export interface Scenario {
  readonly servers: (here: Home) => { readonly [name: string]: McpServerConfig }
  readonly options?: (here: Home) => Partial<McpServersOptions>
  /** The model's calls for each turn. After the last one it ends the round. */
  readonly turns?: ReadonlyArray<ReadonlyArray<Call>>
  readonly look: (seen: Seen) => void
  readonly meanwhile?: (running: Running) => Effect.Effect<unknown, unknown>
  /** Delays the next message. Default: it is sent when the round has ended. */
  readonly afterwards?: (running: Running) => Effect.Effect<unknown, unknown>
  /** Runs after the servers were ended and before the check for left processes. */
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

/** Long timeouts for the model, which is not under test here; the machine may be busy. */
export const patient = { firstChunkMillis: 60_000, idleMillis: 60_000, turnMillis: 60_000 }

/** Collects log messages instead of writing them. */
export const keeping = (into: Array<string>) =>
  Layer.mergeAll(
    Layer.succeed(References.MinimumLogLevel, "Debug"),
    Logger.layer([Logger.make(({ message }) => void into.push([message].flat().map(String).join(" ")))])
  )

/**
 * Runs a round of the real engine with real servers, then sends another message to the same session while the servers are in
 * the state that the fault left. Runs the case's assertions and checks the postconditions: one result for each call, legal
 * requests, an intact database, no left process, and a session that a new engine can continue.
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
