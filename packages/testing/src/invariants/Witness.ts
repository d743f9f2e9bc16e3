import type { SessionId, TurnId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { endsRound, endsTurn, type LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Known, RecordedCall, RecordedRequest } from "./Known.ts"

interface Observed {
  readonly committed: Array<LogEntry>
  readonly snapshots: Array<ReadonlyArray<LogEntry>>
  readonly recorded: Array<RecordedRequest>
  readonly calls: Array<RecordedCall>
}

/**
 * A transparent recorder between an engine and its store, models and tools. It records the facts that `Invariants.check`
 * needs: the committed events, the log at the end of each round, and the state of the store when a request or a call was
 * sent. A request does not name its session, so it is attributed to the turn that has waited longest.
 *
 * @since 0.1.0
 * @category models
 */
export class Recorder {
  private readonly observed = new Map<string, Observed>()
  /** Turns that have started and not ended, and for which no request was recorded yet. */
  private readonly waiting = new Map<string, { readonly id: string; readonly turnId: TurnId }>()
  private latest = ""
  private readonly toolConcurrency: number | undefined

  constructor(toolConcurrency?: number) {
    this.toolConcurrency = toolConcurrency
  }

  private of(id: string): Observed {
    const observed = this.observed.get(id) ?? { committed: [], snapshots: [], recorded: [], calls: [] }
    this.observed.set(id, observed)
    return observed
  }

  private commit(id: SessionId, entries: ReadonlyArray<LogEntry>): void {
    this.latest = id
    this.of(id).committed.push(...entries)
    for (const { event } of entries) {
      if (event._tag === "TurnStarted") this.waiting.set(`${id}/${event.turnId}`, { id, turnId: event.turnId })
      if (endsTurn(event)) this.waiting.delete(`${id}/${event.turnId}`)
    }
  }

  /** A session manager that records what is stored. */
  readonly sessions = (sessions: SessionManager["Service"]): SessionManager["Service"] => ({
    ...sessions,
    append: (id, at, events) =>
      sessions.append(id, at, events).pipe(
        Effect.onExit((exit) => {
          if (Exit.isFailure(exit)) return Effect.void
          this.commit(id, exit.value)
          if (!events.some(endsRound)) return Effect.void
          return sessions.read(id, 0).pipe(
            Effect.map((log) => void this.of(id).snapshots.push(log)),
            Effect.ignore
          )
        })
      )
  })

  /** A models manager that records the requests. */
  readonly models = (models: ModelsManager["Service"]): ModelsManager["Service"] => ({
    ...models,
    stream: (request) =>
      Stream.suspend(() => {
        const [key = "", waiting] = this.waiting.entries().next().value ?? []
        const { id = this.latest, turnId } = waiting ?? {}
        this.waiting.delete(key)
        this.of(id).recorded.push({ request, turnId, turnStored: turnId !== undefined })
        return models.stream(request)
      })
  })

  /** A tool manager that records the calls. */
  readonly tools = (mcp: McpManager["Service"]): McpManager["Service"] => ({
    ...mcp,
    call: (name, input, context) =>
      Effect.flatMap(mcp.tools, (tools) => {
        const { idempotencyKey: key } = context
        const path = key.split("/")
        const [session = "", , turn = ""] = path
        const call = path.at(-1) ?? ""
        const { calls, committed } = this.of(session)
        const scope = path.slice(0, -1).join("/")
        const holds = (test: (event: LogEntry["event"]) => boolean) => committed.some(({ event }) => test(event))
        const record: RecordedCall = {
          key,
          name,
          input,
          preview: path[1] === "preview",
          safeToRepeat: tools.some((tool) => tool.name === name && tool.safeToRepeat !== undefined),
          beside: calls.filter((other) => other.running && other.key.startsWith(`${scope}/`)).length,
          startStored: holds((event) => event._tag === "ToolStarted" && event.callId === call),
          turnStored: turn === "context" || holds((event) => event._tag === "TurnCompleted" && event.turnId === turn),
          running: true
        }
        calls.push(record)
        return Effect.ensuring(
          mcp.call(name, input, context),
          Effect.sync(() => {
            record.running = false
          })
        )
      })
  })

  /** The known facts about a session without a running round, including the entries of a subscriber, if there was one. */
  readonly known = Effect.fnUntraced(
    { self: this },
    function* (sessions: SessionManager["Service"], id: SessionId, seen?: ReadonlyArray<LogEntry>) {
      const { calls, committed, recorded, snapshots } = this.of(id)
      const log = yield* sessions.read(id, 0)
      const { toolConcurrency } = this
      return {
        log,
        ...(seen === undefined ? {} : { seen }),
        requests: recorded.map(({ request }) => request),
        recorded,
        calls,
        ...(toolConcurrency === undefined ? {} : { toolConcurrency }),
        snapshots: [...snapshots, log],
        committed,
        info: yield* sessions.get(id)
      } satisfies Known
    }
  )
}

/**
 * The recorder, as a service.
 *
 * @since 0.1.0
 * @category services
 */
export class Witness extends Context.Service<Witness, Recorder>()("@parley/testing/invariants/Witness") {
  /** Wraps a store, models and tools with a recorder. `toolConcurrency` is the limit that the engine is configured with. */
  static readonly layer = (toolConcurrency: Effect.Effect<number>) =>
    Layer.effectContext(
      Effect.gen(function* () {
        const recorder = new Recorder(yield* toolConcurrency)
        return Context.make(Witness, recorder).pipe(
          Context.add(SessionManager, recorder.sessions(yield* SessionManager)),
          Context.add(ModelsManager, recorder.models(yield* ModelsManager)),
          Context.add(McpManager, recorder.tools(yield* McpManager))
        )
      })
    )
}
