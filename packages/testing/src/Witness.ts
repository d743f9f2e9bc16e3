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
import type { Known, RecordedCall, RecordedRequest } from "./internal/Known.ts"

interface Told {
  readonly committed: Array<LogEntry>
  readonly snapshots: Array<ReadonlyArray<LogEntry>>
  readonly recorded: Array<RecordedRequest>
  readonly calls: Array<RecordedCall>
}

/**
 * Stands between an engine and its store, models and tools, changes nothing, and remembers what `Invariants.check` wants to
 * know: what was committed, what the log was whenever a round ended, and what was stored when a request or a call left.
 * A request does not say for which session it is: it is taken to be for the turn that has waited longest.
 */
export class Recorder {
  private readonly told = new Map<string, Told>()
  /** Turns that have begun, for which no request was seen, and which have not ended. */
  private readonly waiting = new Map<string, { readonly id: string; readonly turnId: TurnId }>()
  private latest = ""
  private readonly toolConcurrency: number | undefined

  constructor(toolConcurrency?: number) {
    this.toolConcurrency = toolConcurrency
  }

  private of(id: string): Told {
    const told = this.told.get(id) ?? { committed: [], snapshots: [], recorded: [], calls: [] }
    this.told.set(id, told)
    return told
  }

  private commit(id: SessionId, entries: ReadonlyArray<LogEntry>): void {
    this.latest = id
    this.of(id).committed.push(...entries)
    for (const { event } of entries) {
      if (event._tag === "TurnStarted") this.waiting.set(`${id}/${event.turnId}`, { id, turnId: event.turnId })
      if (endsTurn(event)) this.waiting.delete(`${id}/${event.turnId}`)
    }
  }

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

  /** All that is known of a session at rest, with what a subscriber saw, if there was one. */
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

/** The recorder of a world. */
export class Witness extends Context.Service<Witness, Recorder>()("@parley/testing/Witness") {
  /** Takes a store, models and tools, and gives them back with a recorder before them. The limit is the engine's. */
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
