import { readdirSync, readFileSync } from "node:fs"
import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import type { SessionId } from "@parley/domain/Ids"
import { McpManager, type ServerStatus, type ToolInput } from "@parley/domain/McpManager"
import type { McpServerConfig } from "@parley/domain/McpServerConfig"
import type { Round } from "@parley/domain/Session"
import { fromEvents } from "@parley/domain/SessionFold"
import type { ToolOutcome } from "@parley/domain/Tool"
import * as McpServers from "@parley/mcp/McpServers"
import { Context, Effect, Layer, Logger, References, type Scope } from "effect"
import { type Received, serve } from "../../packages/provider/test/support/SseServer.ts"
import { all, answer, start, stop, toolUse } from "../../packages/provider/test/support/wire.ts"
import type { Case } from "../suite.ts"
import { engine, type Home, home } from "../support/home.ts"
import { breaksRules, post, stored } from "../support/post.ts"
import { lives } from "../user/support/processes.ts"
import { until } from "../user/support/until.ts"
import { mark, type Note, noted, type Script, scripted } from "./support/script.ts"

/** A tool by its qualified name, with no input, or with one. */
export type Call = string | readonly [tool: string, input: ToolInput]

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
  readonly options?: (here: Home) => Partial<McpServers.McpServersOptions>
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

export const turnOf = (calls: ReadonlyArray<Call>, turn: number): string =>
  all(
    start(),
    ...calls.flatMap((call, i) =>
      typeof call === "string"
        ? toolUse(i, call, "{}", `toolu_${turn}_${i}`)
        : toolUse(i, call[0], JSON.stringify(call[1]), `toolu_${turn}_${i}`)
    ),
    ...stop("tool_use")
  )

/** A manager of MCP servers, as the command has it, but that it is quick to start them again and to end them. */
export const managerOf = (
  servers: { readonly [name: string]: McpServerConfig },
  options: Partial<McpServers.McpServersOptions> = {}
): Effect.Effect<McpManager["Service"], never, Scope.Scope> =>
  McpServers.layer({
    servers,
    clientInfo: { name: "parley-faults", version: "1" },
    closeGrace: "150 millis",
    restarts: { firstDelayMillis: 20, maxDelayMillis: 100 },
    ...options
  }).pipe(
    Layer.fresh,
    Layer.build,
    Effect.map((built) => Context.get(built, McpManager))
  )

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8")
  } catch {
    return ""
  }
}

/** All processes of a home's servers, and what those have started. */
export const processesOf = (here: Home): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && environmentOf(pid).split("\0").includes(mark(here)))
    .map(Number)
    .filter(lives)

export const nothingRuns = (here: Home) =>
  until(
    "no server is left",
    () => processesOf(here).length === 0,
    () => processesOf(here).join(" "),
    1
  )

const toolNames = ({ body }: Received): ReadonlyArray<string> => {
  const request: { readonly tools?: ReadonlyArray<{ readonly name: string }> } = JSON.parse(body)
  return (request.tools ?? []).map(({ name }) => name)
}

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
      const built = yield* engine(here, { url: server.url, tools: Layer.succeed(McpManager, manager) })
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
    yield* post(here, seen.sessionId)
  }).pipe(Effect.timeout("30 seconds"))

export const variant = (id: string, name: string, scenario: Scenario): Case => ({
  id,
  name,
  needs: ["linux"],
  run: play(scenario)
})

/** How a call ended, in one line. */
export const words = (outcome: ToolOutcome | undefined): string =>
  outcome === undefined ? "none" : `${outcome._tag}: ${"content" in outcome ? textOf(outcome.content) : outcome.reason}`

/** The round completed, and its calls ended so. */
export const ended =
  (...expected: ReadonlyArray<string | RegExp>) =>
  ({ outcomes, round }: Pick<Seen, "outcomes" | "round">): void => {
    assert.strictEqual(round.status, "completed")
    assert.strictEqual(outcomes.length, expected.length)
    outcomes.forEach((outcome, i) => {
      const wanted = expected[i]
      if (typeof wanted === "string") {
        assert.strictEqual(words(outcome).slice(0, 500), wanted.slice(0, 500))
        assert.isTrue(words(outcome) === wanted, "and so is the rest")
      } else if (wanted !== undefined) assert.match(words(outcome), wanted)
    })
  }

/** How often the server was started. */
export const starts = (notes: ReadonlyArray<Note>, server = "s"): number =>
  notes.filter(({ name, pid }) => name === server && pid !== undefined).length

/** How much of a kind the log says a server has sent beside the point. Such things are said once, and counted in the end. */
export const strays = ({ logged }: Pick<Seen, "logged">, kind: "wrote" | "answered"): number => {
  const about = logged.filter((line) => line.startsWith(`the MCP server s ${kind}`))
  assert.strictEqual(about.filter((line) => line.endsWith(": that is ignored")).length, 1)
  return Number(/, (\d+) times$/.exec(about.at(-1) ?? "")?.[1])
}
