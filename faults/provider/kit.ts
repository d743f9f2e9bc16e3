import { assert } from "@effect/vitest"
import { textOf } from "@parley/domain/Content"
import type { HandleMessageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import { type McpManager, type ToolInput } from "@parley/domain/McpManager"
import * as Mcp from "@parley/domain/McpManager"
import type { Round, Turn } from "@parley/domain/Session"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { fromEvents } from "@parley/domain/SessionFold"
import type { RoundLimits } from "@parley/session/Limits"
import { Effect, type Layer, Result } from "effect"
import { type Received, type Reply, serve, type SseServer } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { engine, type EngineOptions, type Home, home } from "../../packages/harness/src/sessions/home.ts"
import { post, stored } from "../support/post.ts"

/** The results of a scenario. They come from the store and the server, not from the engine's memory, except `error`. */
export interface Seen {
  readonly home: Home
  readonly sessionId: SessionId
  readonly rounds: ReadonlyArray<Round>
  /** The last round with its turns. */
  readonly round: Round
  readonly turns: ReadonlyArray<Turn>
  readonly log: ReadonlyArray<LogEntry>
  /** The error of the last message, if it failed. */
  readonly error: HandleMessageError | undefined
  readonly received: ReadonlyArray<Received>
  /** The inputs of the tool calls that were run. */
  readonly ran: ReadonlyArray<ToolInput>
  /** How long the messages took. */
  readonly millis: number
}

export interface Scenario {
  /** The replies of the server, in order. The last one is repeated for all later requests. */
  readonly replies: ReadonlyArray<Reply>
  /** The messages, in order. If one fails, the next is sent nevertheless. */
  readonly messages?: ReadonlyArray<string>
  readonly limits?: Partial<RoundLimits>
  readonly provider?: EngineOptions["provider"]
  /** The instructions of the workspace during the scenario. */
  readonly instructions?: string
  /** The tools. Default: `echo`, which returns its input. */
  readonly tools?: Layer.Layer<McpManager>
  /** The URL of the API, if it is not that of the server with the replies. */
  readonly url?: (server: SseServer) => string
  readonly look: (seen: Seen) => void
  /** An action that runs while the messages are handled. */
  readonly meanwhile?: (
    server: SseServer,
    at: Effect.Success<ReturnType<typeof engine>>,
    id: SessionId
  ) => Effect.Effect<void, unknown>
}

/** By default there are no retries. In cases about retries, the waits are short. */
const limits: Partial<RoundLimits> = { retries: 0, longestWaitMillis: 60 }

/** Sends the messages to the real engine with a scripted server, runs `look`, and checks the postconditions. */
export const play = (scenario: Scenario) =>
  Effect.gen(function* () {
    const here = yield* home
    const ran: Array<ToolInput> = []
    const echo = (input: ToolInput) => {
      ran.push(input)
      return JSON.stringify(input)
    }
    const tools = scenario.tools ?? Mcp.McpManager.layerMemory({ echo })
    const settings = { tools, limits: { ...limits, ...scenario.limits } }
    const before = performance.now()
    const { error, received, sessionId } = yield* Effect.gen(function* () {
      const server = yield* serve(...scenario.replies)
      const built = yield* engine(here, {
        ...settings,
        url: scenario.url?.(server) ?? server.url,
        ...(scenario.provider === undefined ? {} : { provider: scenario.provider }),
        ...(scenario.instructions === undefined ? {} : { instructions: scenario.instructions })
      })
      const { id } = yield* built.sessions.create({})
      const work = Effect.forEach(scenario.messages ?? ["hello"], (request) =>
        Effect.result(built.coordinator.handleMessage({ sessionId: id, request }))
      )
      const [results] = yield* Effect.all([work, scenario.meanwhile?.(server, built, id) ?? Effect.void], {
        concurrency: "unbounded"
      })
      const last = results.at(-1)
      const error = last !== undefined && Result.isFailure(last) ? last.failure : undefined
      return { error, received: server.received, sessionId: id }
    }).pipe(Effect.scoped)
    const millis = performance.now() - before
    const log = stored(here, sessionId)
    const { rounds } = fromEvents(sessionId, log)
    const round = rounds.at(-1)
    assert.isDefined(round)
    scenario.look({ home: here, sessionId, rounds, round, turns: round.turns, log, error, received, ran, millis })
    yield* post(here, sessionId, settings)
  }).pipe(Effect.timeout("5 minutes"))

export const variant = (id: string, name: string, scenario: Scenario): Case => ({ id, name, run: play(scenario) })

/** One variant for each member of a table. */
export const variants = <A>(
  id: string,
  table: ReadonlyArray<readonly [name: string, value: A]>,
  scenario: (value: A) => Scenario
): ReadonlyArray<Case> => table.map(([name, value]) => variant(id, name, scenario(value)))

/** The status of each turn, with the reason of those that failed. */
export const statuses = (turns: ReadonlyArray<Turn>): ReadonlyArray<string> =>
  turns.map(({ failure, status }) => (failure === undefined ? status : `${status}: ${failure.reason ?? failure.error}`))

/** Asserts that the round failed after these attempts, with an error message for users and without a stack trace. */
export const failed =
  (reason: string, attempts = 1) =>
  ({ error, received, round, rounds, turns }: Seen): void => {
    assert.strictEqual(round.status, "failed")
    assert.strictEqual(round.failure?.reason, reason)
    assert.strictEqual(error?._tag === "ModelError" ? error.reason._tag : error?._tag, reason)
    assert.strictEqual(round.failure?.message, error?.message)
    assert.notMatch(error?.message ?? "", /\bat .*\.m?[jt]s:\d|[^\P{C}]/u)
    assert.deepStrictEqual(
      statuses(turns.slice(-attempts)),
      Array.from({ length: attempts }, () => `failed: ${reason}`)
    )
    assert.isAtMost(received.length, rounds.flatMap(({ turns }) => turns).length, "each attempt is a turn")
  }

/** Asserts that the last round completed with the given turns, and that the sender of the message received it. */
export const completed =
  (...expected: ReadonlyArray<string>) =>
  ({ error, round, turns }: Seen): void => {
    assert.strictEqual(error?.message, undefined)
    assert.strictEqual(round.status, "completed")
    assert.deepStrictEqual(statuses(turns), expected)
  }

export const said = (turn: Turn | undefined): string => textOf(turn?.content ?? [])

/** The result text that the model receives for each call of a turn. */
export const results = (turn: Turn | undefined): ReadonlyArray<string> =>
  (turn?.toolCalls ?? []).map(({ outcome }) => {
    if (outcome === undefined) return "none"
    return `${outcome._tag}: ${"content" in outcome ? textOf(outcome.content) : outcome.reason}`
  })

/** The inspected fields of a block in a request. */
export interface SentBlock {
  readonly type: string
  readonly [key: string]: unknown
}
export interface Sent {
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: ReadonlyArray<SentBlock> }>
}

export const sent = (request: Received | undefined): Sent => JSON.parse(request?.body ?? '{"messages":[]}')
export const blocksSent = (request: Received | undefined, role: string): ReadonlyArray<SentBlock> =>
  sent(request).messages.flatMap((message) => (message.role === role ? message.content : []))
