import { DynamicContextManager } from "@parley/domain/DynamicContextManager"
import { FilesManager } from "@parley/domain/FilesManager"
import { McpManager } from "@parley/domain/McpManager"
import { InvalidRequest, Unauthorized } from "@parley/domain/ModelError"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { empty } from "@parley/domain/SystemPrompt"
import type { ToolDefinition } from "@parley/domain/Tool"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import { Chunks, ScriptedModel } from "@parley/testing"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { Context, Effect, Layer, Stream } from "effect"
import type { UserMessage } from "../../src/limits/Request.ts"
import { SessionCoordinator } from "../../src/round/SessionCoordinator.ts"
import { id } from "./ContextWorld.ts"
import { slot } from "./slots.ts"
import { isSummary, long } from "./Talk.ts"

const Flag = Schema.Literals([false, false, false, true])
const Who = Schema.Literals(["user", "user", "outside"])
const Say = Schema.TaggedStruct("Say", {
  /** Who wrote the message: the user, somebody else, or both. */
  by: Schema.Literals(["user", "user", "user", "user", "outside", "mixed"]),
  calls: Schema.Array(Schema.Literals(["read", "forbidden", "forbidden", "missing"])).check(Schema.isMaxLength(2)),
  mentions: Flag,
  /** The provider fails: what it rejects is not sent again, and what it did not look at is. */
  fails: Schema.Literals(["no", "no", "no", "no", "rejected", "unauthorized"]),
  long: Flag
})

/** One thing that happens to a session or around it. Most of them bring nothing from outside. */
// oxfmt-ignore
export const TaintCommand = Schema.Union([
  Say, Say, Say, Say, Say, Say,
  Schema.TaggedStruct("File", { by: Schema.Literals(["user", "user", "outside", "none"]) }),
  Schema.TaggedStruct("Prompt", { by: Who }),
  Schema.TaggedStruct("Slot", { on: Flag }),
  Schema.TaggedStruct("Pin", { by: Who }),
  Schema.TaggedStruct("Restart", {}),
  Schema.TaggedStruct("Compact", {}),
  Schema.TaggedStruct("Compact", {}),
  Schema.TaggedStruct("Undo", {}),
  Schema.TaggedStruct("Undo", {}),
  /** Undoes the last rounds. */
  Schema.TaggedStruct("TakeBack", { rounds: Schema.Literals([1, 1, 2]) }),
  Schema.TaggedStruct("TakeBack", { rounds: Schema.Literals([1, 1, 2]) }),
  Schema.TaggedStruct("BringBack", {}),
  Schema.TaggedStruct("Refresh", {})
])
export type TaintCommand = typeof TaintCommand.Type

export const TaintProgram = Schema.Struct({
  window: Schema.Literals(["unknown", 5000]),
  commands: Schema.Array(TaintCommand).check(Schema.isMinLength(4), Schema.isMaxLength(16))
})
export type TaintProgram = typeof TaintProgram.Type
export const arbitrary: Arbitrary.Arbitrary<TaintProgram> = Arbitrary.schema(TaintProgram)

const definition = (name: string): ToolDefinition => ({
  name,
  server: "s",
  tool: name,
  description: "What a tool is said to do taints nothing: ⟦o0⟧",
  inputSchema: { type: "object" }
})

/** A request as it left. `holds` is what its bytes say: whether anything from outside is in it, or came of that. */
export interface Sent {
  readonly request: ModelRequest
  readonly summary: boolean
  readonly holds: boolean
}

/**
 * Everything around one session. All that comes from outside has a mark of its own in it, and so has each answer: what a
 * request holds is read off its bytes, and nothing is asked of the engine.
 */
export class TaintWorld {
  private marks = 0
  private readonly derived = new Set<string>()
  readonly sent: Array<Sent> = []
  /** What the policy was told, and of which request. */
  readonly told: Array<{ readonly sent: Sent | undefined; readonly tainted: boolean }> = []
  private wanted: ReadonlyArray<string> = []
  private fails: (typeof Say.Type)["fails"] = "no"
  private file: { readonly by: "user" | "outside"; readonly text: string } | undefined
  private prompt: { readonly by: "user" | "outside"; readonly text: string } = { by: "user", text: "Be brief." }
  private slotOn = false
  private coordinator: SessionCoordinator["Service"] | undefined
  private readonly info: ModelInfo

  constructor(window: TaintProgram["window"]) {
    this.info = {
      ref: ScriptedModel.ref,
      description: "Talks",
      maxOutput: 1000,
      ...(window === "unknown" ? {} : { contextWindow: window })
    }
  }

  private mark(of: "o" | "a"): string {
    return `⟦${of}${++this.marks}⟧`
  }

  private words(by: "user" | "outside"): string {
    return by === "user" ? `words ${++this.marks}` : this.mark("o")
  }

  private readonly answer = (request: ModelRequest) =>
    Stream.suspend(() => {
      const bytes = JSON.stringify([request.system, request.messages])
      const marks = bytes.match(/⟦[oa]\d+⟧/g) ?? []
      // The notice that a file is gone names it, and a name may be anyone's words.
      const named = bytes.includes("is no longer part of the context")
      const holds = named || marks.some((mark) => mark.startsWith("⟦o") || this.derived.has(mark))
      const summary = isSummary(request)
      this.sent.push({ request, summary, holds })
      const mark = this.mark("a")
      if (holds) this.derived.add(mark)
      const detail = "scripted"
      if (this.fails === "rejected" && !summary) return ScriptedModel.failing(new InvalidRequest({ detail }))
      if (this.fails === "unauthorized" && !summary) return ScriptedModel.failing(new Unauthorized({ detail }))
      const calls = summary ? [] : this.wanted
      if (!summary) this.wanted = []
      return ScriptedModel.turn(
        Chunks.text(0, mark),
        ...calls.map((name, i) => Chunks.call(i + 1, name, JSON.stringify({ said: mark }))),
        [Chunks.finish(calls.length > 0 ? "tool-calls" : "end")]
      )
    })

  /** A coordinator that knows nothing but what is stored. */
  private start(sessions: SessionManager["Service"]) {
    const { info } = this
    const file = Effect.sync(() =>
      this.file === undefined ? [] : [{ path: "a.md", text: this.file.text, provenance: this.file.by }]
    )
    return Layer.build(Layer.fresh(SessionCoordinator.layer)).pipe(
      Effect.map((built) => Context.get(built, SessionCoordinator)),
      Effect.provideService(SessionManager, sessions),
      Effect.provideService(ModelsManager, {
        models: Effect.succeed([info]),
        preferred: Effect.succeed(info.ref),
        describe: () => Effect.succeed(info),
        stream: this.answer
      }),
      Effect.provideService(
        McpManager,
        McpManager.make({
          tools: Effect.succeed(["read", "forbidden"].map(definition)),
          servers: Effect.succeed([{ name: "s", state: "ready", tools: 2 }]),
          readResource: (_server, uri) => Effect.sync(() => [{ _tag: "Text", uri, text: this.mark("o") }]),
          call: () =>
            Effect.sync(() => ({ isError: false, content: [{ _tag: "Text", text: `${this.mark("o")} ${long}` }] }))
        })
      ),
      Effect.provideService(PromptManager, {
        prompt: Effect.sync(() => ({
          ...empty,
          instructions: this.prompt.text,
          includeDateTime: true,
          provenance: { instructions: this.prompt.by }
        }))
      }),
      Effect.provideService(FilesManager, { read: Effect.map(file, (files) => ({ files, skipped: [] })) }),
      Effect.provideService(DynamicContextManager, {
        slots: Effect.sync(() => (this.slotOn ? [slot("read")] : []))
      }),
      Effect.provideService(ToolPolicy, {
        rule: ({ name }, { tainted }) => {
          this.told.push({ sent: this.sent.findLast(({ summary }) => !summary), tainted })
          return name === "forbidden" ? "deny" : "allow"
        },
        ask: () => Effect.succeed({ allowed: false, reason: "nobody is there" })
      })
    )
  }

  private message({ by, long: isLong, mentions }: typeof Say.Type): UserMessage {
    const more = `${mentions ? " @s:doc" : ""}${isLong ? ` ${long}` : ""}`
    if (by === "user") return `${this.words("user")}${more}`
    const outside = `${this.words("outside")} ${isLong ? long : ""}`
    return by === "outside" ? [{ outside }] : [`see${more}:\n\n`, { outside }, "and tell me"]
  }

  readonly run = Effect.fnUntraced(
    { self: this },
    function* (program: TaintProgram) {
      const sessions = yield* SessionManager
      yield* sessions.create({ id, workspace: "/ws" })
      for (const command of program.commands) {
        const parley = (this.coordinator ??= yield* this.start(sessions))
        switch (command._tag) {
          case "Say":
            this.wanted = command.calls
            this.fails = command.fails
            yield* Effect.ignore(parley.handleMessage({ sessionId: id, request: this.message(command) }))
            break
          case "File":
            this.file = command.by === "none" ? undefined : { by: command.by, text: this.words(command.by) }
            break
          case "Prompt":
            this.prompt = { by: command.by, text: this.words(command.by) }
            break
          case "Slot":
            this.slotOn = command.on
            break
          case "Pin": {
            const pin = { kind: "goal", text: this.words(command.by), provenance: command.by } as const
            yield* Effect.ignore(parley.pin(id, pin))
            break
          }
          case "Restart":
            this.coordinator = undefined
            break
          case "Compact":
            yield* Effect.ignore(parley.compact(id))
            break
          case "Undo":
            yield* Effect.ignore(parley.undoCompaction(id))
            break
          case "TakeBack":
            yield* Effect.ignore(parley.undo(id, { rounds: command.rounds }))
            break
          case "BringBack":
            yield* Effect.ignore(parley.redo(id))
            break
          case "Refresh":
            yield* Effect.ignore(parley.refresh(id))
        }
      }
      const log = yield* sessions.read(id, 0)
      const parley = yield* this.start(sessions)
      const turns = log.flatMap(({ event }) =>
        event._tag === "TurnStarted" && event.purpose === undefined ? [event.turnId] : []
      )
      const contexts = yield* Effect.forEach(turns, (turn) => parley.sentContext(id, turn))
      return { log, contexts }
    },
    Effect.scoped
  )
}
