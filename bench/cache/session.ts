import { join } from "node:path"
import * as DynamicContext from "@parley/domain/DynamicContextManager"
import { McpManager } from "@parley/domain/McpManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as SessionFold from "@parley/domain/SessionFold"
import * as Anthropic from "@parley/provider/Anthropic"
import * as Registry from "@parley/provider/Registry"
import { defaults, Limits } from "@parley/session/Limits"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as SqliteSessions from "@parley/store/SqliteSessions"
import * as Files from "@parley/workspace/Files"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { instructions, type Workspace } from "./workspace.ts"
import type { Plan } from "./plan.ts"

/** When the first message is sent. The others follow at intervals of one minute. */
const begin = DateTime.makeUnsafe("2026-01-05T09:00:00Z").epochMilliseconds
const timeOf = (round: number): number => begin + round * 60_000
export const dateOf = (round: number): string => DateTime.formatIso(DateTime.makeUnsafe(timeOf(round)))

const status: DynamicContext.DynamicSlot = {
  id: "status",
  tool: "status",
  input: {},
  timeoutMillis: 10_000,
  onFailure: "fail"
}

/** The engine as the command composes it, except that the plan sets the clock. */
const engine = ({ root, run, status: changed }: Workspace, url: string) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      SqliteSessions.layer({ filename: join(root, ".parley/sessions.db") }),
      Registry.layer({
        providers: [Anthropic.make({ apiKey: Redacted.make("x"), baseUrl: url, defaultModel: "claude-fake" })]
      }),
      McpManager.layerMemory({
        read_file: ({ path }) => run({ name: "read_file", input: { path: typeof path === "string" ? path : "" } }),
        search: ({ query }) => run({ name: "search", input: { query: typeof query === "string" ? query : "" } }),
        status: changed
      })
    ]),
    Layer.provide([
      Files.layer({ root }),
      DynamicContext.layerMemory([status]),
      PromptManager.layerMemory({ instructions, includeDateTime: true }),
      Layer.succeed(Limits, { ...defaults, identicalCalls: 1000 })
    ])
  )

const rounds = Effect.fnUntraced(function* ({ onRound, plan, time, workspace }: Options) {
  const coordinator = yield* SessionCoordinator
  const sessions = yield* SessionManager
  const { id } = yield* sessions.create({ title: "Cache" })
  for (const [i, { edits, message }] of plan.rounds.entries()) {
    time.now = timeOf(i)
    for (const [path, text] of edits) workspace.edit(path, text)
    onRound(i)
    const round = yield* coordinator.handleMessage({ sessionId: id, request: message })
    if (round.status !== "completed") return yield* Effect.die(`round ${round.id}: ${round.failure?.message}`)
  }
  const entries = yield* sessions.read(id, 0)
  return {
    compactions: entries.filter(({ event }) => event._tag === "ContextCompacted").length,
    session: SessionFold.fromEvents(id, entries)
  }
})

interface Options {
  readonly plan: Plan
  readonly workspace: Workspace
  readonly url: string
  readonly time: { now: number }
  /** Called before the message of a round is sent. */
  readonly onRound: (round: number) => void
}

/** Runs all rounds of the plan, one after another, as one session. */
export const run = (options: Options) =>
  Effect.gen(function* () {
    const live = yield* Clock.Clock
    const { time } = options
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => time.now,
      currentTimeMillis: Effect.sync(() => time.now),
      currentTimeNanosUnsafe: () => live.currentTimeNanosUnsafe(),
      currentTimeNanos: live.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => live.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: live.monotonicTimeNanos,
      sleep: (duration) => live.sleep(duration)
    }
    return yield* rounds(options).pipe(
      Effect.provide(engine(options.workspace, options.url)),
      Effect.provideService(Clock.Clock, clock)
    )
  })
