import type { SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Difference } from "./Differences.ts"
import { Ask, endOf, run as runAsk } from "./RecordedAsks.ts"
import type { AnswerError } from "../round/SessionCoordinator.ts"
import * as RecordedEngine from "./RecordedEngine.ts"
import { Settings } from "./RecordedSettings.ts"
import { type Recorded, RecordingError, type StepOf } from "./RecordingFormat.ts"
import * as ReplayStore from "./ReplayStore.ts"
import * as ReplayTape from "./ReplayTape.ts"
import * as Tape from "./Tape.ts"
import * as TapedContext from "./TapedContext.ts"

/**
 * Options of a replay.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplayOptions {
  /** The name of the recording, for messages to people. */
  readonly name: string
  readonly recorded: Recorded
  /** Builds the models on the recorded HTTP client, as for the recording. */
  readonly wired?: (tape: Tape.Tape) => Layer.Layer<ModelsManager>
  /** Where the replay stores its sessions. Default: in memory. The layer is built with the clock of the recording. */
  readonly sessions?: Layer.Layer<SessionManager, AnswerError>
}

/**
 * What a replay found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  /** Undefined if the engine did exactly what was recorded. */
  readonly difference: Difference | undefined
  /** Steps that were played, of all steps. */
  readonly played: number
  readonly steps: number
  /** Whether the recording ends in the middle of something, because its process ended. */
  readonly isCut: boolean
  readonly messages: number
  readonly requests: number
  readonly toolCalls: number
  /** How many events were stored, and the sessions that contain them. */
  readonly events: number
  readonly sessions: ReadonlyArray<SessionId>
}

const decodeAsk = Schema.decodeUnknownOption(Schema.toCodecJson(Ask), { disableChecks: true })
const decodeSettings = Schema.decodeUnknownOption(Schema.toCodecJson(Settings))

/** Managers that are never used: everything that the engine asks for is recorded. */
const unused = Layer.mergeAll(ModelsManager.layerMemory, McpManager.layerMemory(), PromptManager.layerMemory())

const settingsIn = ({ settings }: StepOf<"ask">) => (settings === undefined ? Option.none() : decodeSettings(settings))

const countOf = (recorded: Recorded, is: (step: Recorded["steps"][number]) => boolean): number =>
  recorded.steps.filter(is).length

/**
 * Runs the engine on a recording: in its recorded order and time, with its random numbers, and without a model, a tool, a
 * file or the network. Compares everything that the engine does with the recording, and stops at the first difference. The
 * store contains the same log afterwards, byte for byte, unless a difference is reported.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fn("Replay.run")(function* (options: ReplayOptions) {
  const { name, recorded } = options
  const unusable = (problem: string) => new RecordingError({ name, reason: { _tag: "Unusable", problem } })
  const firstAsk = recorded.steps.find((step) => step.kind === "ask")
  if (firstAsk === undefined) return yield* unusable("it contains no message, so there is nothing to replay")
  const first = settingsIn(firstAsk)
  if (Option.isNone(first)) return yield* unusable("the settings of its first message cannot be read")

  const clock = yield* ReplayStore.settable
  const player = ReplayTape.make(recorded)
  const tape = yield* Tape.make(player.port, recorded.header.seed)
  const scope = yield* Scope.Scope
  // Not closed at the end: an engine that differs waits for steps that will never come, and holds nothing.
  const engineScope = yield* Scope.make()
  const sessions = options.sessions ?? SessionManager.layerMemory
  const managers = yield* Layer.buildWithScope(Layer.merge(Layer.fresh(sessions), unused), scope).pipe(
    // A store may write in a fiber of its own, whose clock is that of its layer.
    Effect.provideService(Clock.Clock, clock.service)
  )
  const wired =
    options.wired === undefined
      ? undefined
      : Context.get(yield* Layer.buildWithScope(Layer.fresh(options.wired(tape)), scope), ModelsManager)
  const heads = new Map<SessionId, number>()
  let events = 0
  const store = {
    clock,
    scope,
    acquired: () => Effect.void,
    appended: (id: SessionId, entries: ReadonlyArray<{ readonly seq: number }>) => {
      events += entries.length
      heads.set(id, entries.at(-1)?.seq ?? 0)
    }
  }
  const engine = yield* RecordedEngine.make({ tape, managers, store, counts: first.value.counts, wired }, engineScope)

  let settings = first.value
  const running = new Map<number, Fiber.Fiber<void, AnswerError>>()
  const ended = new Map<number, string>()
  const ask = Effect.fnUntraced(function* (step: StepOf<"ask">) {
    const asked = decodeAsk(step.ask)
    if (Option.isNone(asked)) return yield* unusable(`its message ${step.n} cannot be read`)
    settings = Option.getOrElse(settingsIn(step), () => settings)
    const context = tape.inside(TapedContext.references(tape, Context.empty(), settings))
    const fiber = Effect.runForkWith(context)(runAsk(engine, asked.value))
    running.set(step.n, fiber)
    fiber.addObserver((exit) => void ended.set(step.n, endOf(exit)))
  })

  const played = yield* player.play(tape.rest, {
    ask,
    interrupt: (n) => running.get(n)?.interruptUnsafe(),
    done: (n) => ended.get(n),
    close: Effect.asVoid(Effect.forkIn(Scope.close(engineScope, Exit.void), scope, { startImmediately: true })),
    log: (step) => ReplayStore.append(Context.get(managers, SessionManager), clock, heads, step)
  })
  const report: Report = {
    ...played,
    steps: recorded.steps.length,
    isCut: recorded.isTorn || countOf(recorded, ({ kind }) => kind === "ask") > ended.size,
    messages: countOf(recorded, ({ kind }) => kind === "ask"),
    requests: countOf(recorded, (step) => step.kind === "call" && step.op === "request"),
    toolCalls: countOf(recorded, (step) => step.kind === "call" && step.op === "tool call"),
    events,
    sessions: [...heads.keys()]
  }
  return report
}, Effect.scoped)
