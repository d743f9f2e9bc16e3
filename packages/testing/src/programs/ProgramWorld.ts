import type { DynamicContextManager, DynamicSlot } from "@parley/domain/DynamicContextManager"
import type { FilesManager } from "@parley/domain/FilesManager"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import type { ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { PromptManager } from "@parley/domain/PromptManager"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { empty } from "@parley/domain/SystemPrompt"
import type { ToolDefinition } from "@parley/domain/Tool"
import { ToolError } from "@parley/domain/ToolError"
import type { Decision, ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { RecordedCall, RecordedRequest } from "../invariants/Known.ts"
import { initialConfig, type ProgramConfig, type ProgramScript } from "./Programs.ts"
import * as ScriptedModel from "../scripted/ScriptedModel.ts"
import { answer, deniedReason, tools } from "./ProgramScripts.ts"

/** How appends behave, after those that `spares` lets through. */
export interface Disk {
  readonly steps: number
  readonly mode: "works" | "refuses" | "forgets"
  spares: number
}

/** Everything outside the coordinators, and all observations of them. */
export class ProgramWorld {
  config: ProgramConfig = initialConfig
  disk: Disk = { steps: 0, mode: "works", spares: 0 }
  readonly scripts = new Map<string, ProgramScript>()
  /** The sessions of messages that were sent to an inbox, by text. */
  readonly owners = new Map<string, SessionId>()
  readonly requests: Array<RecordedRequest & { readonly sessionId: SessionId; readonly message: string }> = []
  readonly calls: Array<RecordedCall> = []
  /** Every event that was ever committed, in order, whether the store acknowledged it or not. */
  readonly committed = new Map<string, Array<LogEntry>>()
  /** The sessions with a question to a person who never answers. */
  readonly unanswered = new Set<SessionId>()
  /** Counts all activity, so that a program without progress is detected. */
  progress = 0

  isStored(sessionId: string, holds: (event: LogEntry["event"]) => boolean): boolean {
    return (this.committed.get(sessionId) ?? []).some(({ event }) => holds(event))
  }
}

/** One process. Operations that are running when it dies never complete. */
export class Process {
  alive = true
  readonly turns = new Map<SessionId, TurnId>()
  readonly disk = Semaphore.makeUnsafe(1)
  readonly leases = new Set<Scope.Closeable>()
  /** Lets other processes acquire the sessions of a process that died or does not renew its leases. */
  readonly lapse: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(this.leases, (lease) => Scope.close(lease, Exit.void), { discard: true })
  )
  /** Completes in a live process, and never in a dead one. */
  readonly gate: Effect.Effect<void> = Effect.suspend(() => (this.alive ? Effect.void : Effect.never))
}

const slots = (config: ProgramConfig): ReadonlyArray<DynamicSlot> => {
  if (config.slot === "none") return []
  const tool = config.slot === "resolves" ? "slow" : "fails"
  const onFailure = config.slot === "required" ? "fail" : "note"
  return [{ id: "slot", tool, input: { slot: true }, timeoutMillis: 60_000, onFailure }]
}

export const toolNames = (config: ProgramConfig): ReadonlyArray<string> =>
  Object.keys(tools)
    .filter((name) => name !== "echo" || config.echo)
    .sort()

const definition = (name: string): ToolDefinition => ({
  name,
  server: "scripted",
  tool: name,
  description: `Scripted tool ${name}`,
  inputSchema: { type: "object" }
})

export const times = (steps: number) => Effect.repeat(Effect.yieldNow, { times: steps })

/** Asks for the approval of calls of the tool `asked`, as the configuration says at that moment. */
export const policyOf = (world: ProgramWorld): ToolPolicy => {
  const deny: Decision = { allowed: false, reason: deniedReason }
  const allow: Decision = { allowed: true }
  return {
    rule: ({ name }) => (name === "asked" ? "ask" : "allow"),
    withoutAsking: () =>
      Effect.sync(() => {
        const { person } = world.config
        return person === "elsewhere" ? "park" : person === "absent" ? deny : undefined
      }),
    ask: ({ input, sessionId }) =>
      Effect.suspend(() => {
        if (world.config.person !== "answers") {
          world.unanswered.add(sessionId)
          return Effect.never
        }
        world.progress++
        return Effect.as(times(3), Number(input["n"]) % 2 === 1 ? allow : deny)
      })
  }
}

/** Models that respond as the script of the last message in a request says. */
export const modelsOf = (world: ProgramWorld): ModelsManager["Service"] => ({
  models: Effect.succeed([{ ref: ScriptedModel.ref, description: "Plays a program" }]),
  preferred: Effect.succeed(ScriptedModel.ref),
  describe: (ref) => Effect.succeed({ ref, description: "Plays a program" }),
  stream: (request) =>
    Stream.suspend(() => {
      const message = messageIn(world, request)
      const script = world.scripts.get(message) ?? { turns: [], fails: "none", ending: "dies" }
      // The request itself is recorded already.
      const n = world.requests.filter((other) => other.message === message).length - 1
      return answer(message, script, n)
    })
})

const messageIn = (world: ProgramWorld, { messages }: ModelRequest): string => {
  const texts = messages.flatMap(({ content, role }) =>
    content.flatMap((block) => (role === "user" && block._tag === "Text" ? [block.text] : []))
  )
  return texts.findLast((text) => world.scripts.has(text)) ?? ""
}

/** The models as one process sees them, with a record of the requests. */
export const recordedModels = (
  world: ProgramWorld,
  process: Process,
  sessionOf: (message: string) => SessionId | undefined,
  models: ModelsManager["Service"]
): ModelsManager["Service"] => ({
  ...models,
  stream: (request) =>
    Stream.unwrap(
      Effect.gen(function* () {
        yield* process.gate
        const message = messageIn(world, request)
        const sessionId = sessionOf(message)
        if (sessionId === undefined) return yield* Effect.die(new Error(`No program sent "${message}"`))
        const turnId = process.turns.get(sessionId)
        const open = (id: TurnId) =>
          world.isStored(sessionId, (event) => event._tag === "TurnStarted" && event.turnId === id)
        world.requests.push({
          request,
          message,
          sessionId,
          turnId,
          turnStored: turnId !== undefined && open(turnId)
        })
        world.progress++
        return Stream.tap(models.stream(request), () => {
          world.progress++
          return process.gate
        })
      })
    )
})

/** Tools that behave as their names say. */
export const mcpOf = (world: ProgramWorld): McpManager["Service"] =>
  McpManager.make({
    tools: Effect.sync(() => toolNames(world.config).map(definition)),
    servers: Effect.succeed([]),
    call: (name, input) =>
      tools[name]?.(input) ??
      Effect.fail(new ToolError({ tool: name, reason: "NotSent", problem: `There is no tool ${name}` }))
  })

/** The tools as one process sees them, with a record of the calls. */
export const recordedTools = (
  world: ProgramWorld,
  process: Process,
  mcp: McpManager["Service"]
): McpManager["Service"] => ({
  ...mcp,
  call: (name, input, context) =>
    Effect.gen(function* () {
      yield* process.gate
      const path = context.idempotencyKey.split("/")
      const [session = "", , turn = ""] = path
      const call = path.at(-1) ?? ""
      const listed = (yield* mcp.tools).find((tool) => tool.name === name)
      if (listed === undefined && tools[name] === undefined) return yield* mcp.call(name, input, context)
      const scope = path.slice(0, -1).join("/")
      const calls = world.calls.filter((other) => other.running && other.key.startsWith(`${scope}/`))
      const record: RecordedCall = {
        key: context.idempotencyKey,
        name,
        input,
        preview: path[1] === "preview",
        safeToRepeat: listed?.safeToRepeat !== undefined,
        beside: calls.length,
        startStored: world.isStored(session, (event) => event._tag === "ToolStarted" && event.callId === call),
        turnStored:
          turn === "context" ||
          world.isStored(session, (event) => event._tag === "TurnCompleted" && event.turnId === turn),
        running: true
      }
      world.calls.push(record)
      world.progress++
      return yield* mcp.call(name, input, context).pipe(
        Effect.onExit(() => {
          record.running = false
          world.progress++
          return process.gate
        })
      )
    })
})

export const promptOf = (world: ProgramWorld): PromptManager["Service"] => ({
  prompt: Effect.sync(() => ({
    ...empty,
    instructions: `prompt ${world.config.prompt}`,
    includeDateTime: world.config.date
  }))
})
export const filesOf = (world: ProgramWorld): FilesManager => ({
  read: Effect.sync(() => ({ files: fileOf(world.config), skipped: [] }))
})
export const fileOf = ({ file }: ProgramConfig) => (file === 0 ? [] : [{ path: "a.md", text: `file text ${file}` }])
export const dynamicOf = (world: ProgramWorld): DynamicContextManager => ({
  slots: Effect.sync(() => slots(world.config))
})
