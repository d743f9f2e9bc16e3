import { FilesManager } from "@parley/domain/FilesManager"
import { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { ContextOverflow } from "@parley/domain/ModelError"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import { empty } from "@parley/domain/SystemPrompt"
import type { ToolDefinition } from "@parley/domain/Tool"
import { Recorder, ScriptedModel } from "@parley/testing"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { defaults } from "../../src/limits/Limits.ts"
import { SessionCoordinator } from "../../src/round/SessionCoordinator.ts"
import { answer, long } from "./Talk.ts"

/** Names whose order by code unit is not the order of any locale. */
export const paths = ["B.md", "a.md", "Z.md", "ä.md"] as const
export const toolNames = ["b_two", "a_one", "B_three", "long"] as const

/** One of them changes more often than the others, so that it changes several times in a short program. */
const Path = Schema.Literals(["B.md", "B.md", "B.md", ...paths])
const Say = Schema.TaggedStruct("Say", {
  calls: Schema.Literals([0, 0, 1, 2]),
  long: Schema.Literals([true, true, false]),
  /** The message mentions a resource, which is never twice the same. */
  mentions: Schema.Literals([false, false, true])
})

/** One thing that happens to a session or around it. Messages are drawn about as often as all the rest. */
// oxfmt-ignore
export const ContextCommand = Schema.Union([
  Say, Say, Say, Say, Say, Say,
  Schema.TaggedStruct("Edit", { path: Path, remove: Schema.Literals([false, false, true]) }),
  Schema.TaggedStruct("Edit", { path: Path, remove: Schema.Literals([false, false, true]) }),
  Schema.TaggedStruct("Prompt", { version: Schema.Literals([1, 2]) }),
  /** Which servers' tools are there, in the order they happened to connect. */
  Schema.TaggedStruct("Tools", { order: Schema.Array(Schema.Literals(toolNames)).check(Schema.isMaxLength(6)) }),
  Schema.TaggedStruct("Wait", { hours: Schema.Literals([1, 30]) }),
  Schema.TaggedStruct("Restart", {}),
  Schema.TaggedStruct("Compact", {}),
  Schema.TaggedStruct("Compact", {}),
  Schema.TaggedStruct("Undo", {}),
  /** Undoes the last rounds. */
  Schema.TaggedStruct("TakeBack", { rounds: Schema.Literals([1, 1, 2, 3]) }),
  Schema.TaggedStruct("TakeBack", { rounds: Schema.Literals([1, 1, 2, 3]) }),
  Schema.TaggedStruct("BringBack", {}),
  /** Forks the session, and compares the two. */
  Schema.TaggedStruct("Fork", {}),
  Schema.TaggedStruct("Refresh", {})
])
export type ContextCommand = typeof ContextCommand.Type

export const ContextProgram = Schema.Struct({
  /** Tokens that the model takes; with `overflows` nobody knows, and it says so when it is too much. */
  window: Schema.Literals(["unknown", 6000, "overflows"]),
  commands: Schema.Array(ContextCommand).check(Schema.isMinLength(14), Schema.isMaxLength(24))
})
export type ContextProgram = typeof ContextProgram.Type
export const arbitrary: Arbitrary.Arbitrary<ContextProgram> = Arbitrary.schema(ContextProgram)

export const id = SessionId.make("session-1")

const definition = (name: string): ToolDefinition => ({
  name,
  server: name.slice(0, 1),
  tool: name,
  description: `Tool ${name}`,
  inputSchema: { type: "object" }
})

/** A request as it left, and what a round that began then had to say. */
export interface Sent {
  readonly request: ModelRequest
  /** Version of each file, 0 for none. */
  readonly files: ReadonlyMap<string, number>
  readonly prompt: number
  readonly tools: string
}

const filler = (path: string, lines: number) =>
  Array.from({ length: lines }, (_, i) => `line ${i} of ${path}, which is the same in every version`)

/** What a file says in its n-th version. Versions differ little, so that a change may be shown as a diff. */
export const contents = (path: string, version: number): string =>
  [...filler(path, version % 9), `«${path}:${version}»`, ...filler(path, 22), ...(version % 2 === 0 ? [""] : [])].join(
    "\n"
  )

const tooLarge = ScriptedModel.failing(new ContextOverflow({ detail: "scripted" }))

type Coordinator = SessionCoordinator["Service"]

/** Everything around one session. */
export class ContextWorld {
  private readonly files = new Map<string, number>()
  private versions = 0
  private reads = 0
  private prompt = 1
  private tools: ReadonlyArray<string> = ["long"]
  readonly sent: Array<Sent> = []
  readonly violations: Array<string> = []
  /** How often the session was compared with another one. */
  compared = 0
  private readonly recorder = new Recorder(defaults.toolConcurrency)
  private coordinator: SessionCoordinator["Service"] | undefined
  private readonly info: ModelInfo
  private readonly overflows: boolean

  constructor(window: ContextProgram["window"]) {
    this.info = {
      ref: ScriptedModel.ref,
      description: "Talks",
      maxOutput: 1000,
      ...(typeof window === "number" ? { contextWindow: window } : {})
    }
    this.overflows = window === "overflows"
  }

  /** A coordinator that knows nothing but what is stored. */
  private start(sessions: SessionManager["Service"]) {
    const { info } = this
    return Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
      Effect.map((built) => Context.get(built, SessionCoordinator)),
      Effect.provideService(SessionManager, sessions),
      Effect.provideService(
        ModelsManager,
        this.recorder.models({
          models: Effect.succeed([info]),
          preferred: Effect.succeed(info.ref),
          describe: () => Effect.succeed(info),
          stream: (request) =>
            Stream.suspend(() => {
              const { prompt } = this
              this.sent.push({ request, files: new Map(this.files), prompt, tools: [...this.toolSet].sort().join() })
              const inputTokens = Math.ceil(JSON.stringify(request).length / 4)
              const answered = this.overflows && inputTokens > 5000 ? tooLarge : answer(request)
              return Stream.map(answered, (chunk) =>
                chunk._tag === "Finish" ? { ...chunk, usage: { ...chunk.usage, inputTokens } } : chunk
              )
            })
        })
      ),
      Effect.provideService(
        McpManager,
        this.recorder.tools(
          McpManager.make({
            tools: Effect.sync(() => [...this.toolSet].map(definition)),
            servers: Effect.succeed([{ name: "res", state: "ready", tools: 0 }]),
            readResource: (_server, uri) =>
              Effect.sync(() => [{ _tag: "Text", uri, text: `resource in version ${++this.reads}` }]),
            call: () => Effect.succeed({ isError: false, content: [{ _tag: "Text", text: `result ${long}` }] })
          })
        )
      ),
      Effect.provideService(PromptManager, {
        prompt: Effect.sync(() => ({ ...empty, instructions: `prompt ${this.prompt}`, includeDateTime: true }))
      }),
      Effect.provideService(FilesManager, {
        read: Effect.sync(() => ({
          // In the order they were made: nobody promises another.
          files: [...this.files].map(([path, version]) => ({ path, text: contents(path, version) })),
          skipped: []
        }))
      })
    )
  }

  /** The session's next request is that of another session, which is removed then. */
  private same(what: string, parley: Coordinator, sessions: SessionManager["Service"], other: SessionInfo) {
    return Effect.gen({ self: this }, function* () {
      const next = (of: SessionId) =>
        parley.buildContext(of, "and now?").pipe(
          Effect.map(({ request }) => JSON.stringify(request)),
          Effect.catch(({ _tag }) => Effect.succeed<string>(_tag))
        )
      if ((yield* next(id)) !== (yield* next(other.id))) this.violations.push(`${what} has another next request`)
      yield* sessions.remove(other.id)
      this.compared++
    })
  }

  /** Undoes rounds, and compares the session with one in which they did not happen. */
  private takeBack(parley: Coordinator, sessions: SessionManager["Service"], count: number) {
    return Effect.gen({ self: this }, function* () {
      const undone = yield* Effect.option(parley.undo(id, { rounds: count }))
      if (Option.isNone(undone)) return
      const log = yield* sessions.read(id, 0)
      const first = log.find(({ event }) => event._tag === "RoundStarted" && event.roundId === undone.value.rounds[0])
      const through = log.findLast(({ seq }) => seq < (first?.seq ?? 0))?.seq ?? 0
      // What the user changed since stays, so it would have to be done again.
      const edited = log.some(
        ({ event, seq }) => seq > through && (event._tag === "CompactionUndone" || event._tag === "RefreshRequested")
      )
      if (edited) return
      const without = yield* sessions.fork({ origin: id, through, events: [{ _tag: "Forked", origin: id }] })
      yield* this.same("a session without the undone rounds", parley, sessions, without)
    })
  }

  private get toolSet(): ReadonlySet<string> {
    return new Set(["long", ...this.tools])
  }

  readonly run = Effect.fnUntraced(
    { self: this },
    function* (program: ContextProgram) {
      const sessions = this.recorder.sessions(yield* SessionManager)
      yield* sessions.create({ id, workspace: "/ws" })
      const seen: Array<LogEntry> = []
      yield* Effect.forkScoped(
        Stream.runForEach(sessions.follow(id, 0), (entry) => Effect.sync(() => seen.push(entry))),
        { startImmediately: true }
      )
      for (const [n, command] of program.commands.entries()) {
        const parley = (this.coordinator ??= yield* this.start(sessions))
        switch (command._tag) {
          case "Say": {
            const words = `message ${n}${" call".repeat(command.calls)}${command.long ? ` ${long}` : ""}${command.mentions ? " @res:doc" : ""}`
            yield* Effect.ignore(parley.handleMessage({ sessionId: id, request: words }))
            break
          }
          case "Edit":
            if (command.remove) this.files.delete(command.path)
            else this.files.set(command.path, ++this.versions)
            break
          case "Prompt":
            this.prompt = command.version
            break
          case "Tools":
            this.tools = command.order
            break
          case "Wait":
            yield* TestClock.adjust(`${command.hours} hours`)
            break
          case "Restart":
            this.coordinator = undefined
            break
          case "Compact":
            yield* Effect.ignore(parley.compact(id))
            break
          case "Refresh":
            yield* Effect.ignore(parley.refresh(id))
            break
          case "Undo":
            yield* Effect.ignore(parley.undoCompaction(id))
            break
          case "TakeBack":
            yield* this.takeBack(parley, sessions, command.rounds)
            break
          case "BringBack":
            yield* Effect.ignore(parley.redo(id))
            break
          case "Fork":
            yield* this.same("a fork", parley, sessions, yield* parley.fork(id))
        }
      }
      // The subscriber catches up.
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      return yield* this.recorder.known(sessions, id, seen)
    },
    Effect.scoped
  )
}
