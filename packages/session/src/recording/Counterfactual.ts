import { RoundId, type SessionId } from "@parley/domain/Ids"
import { McpManager } from "@parley/domain/McpManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import { PromptManager } from "@parley/domain/PromptManager"
import type { Round } from "@parley/domain/Session"
import type { LogEntry } from "@parley/domain/SessionEvent"
import * as SessionFold from "@parley/domain/SessionFold"
import { SessionManager } from "@parley/domain/SessionManager"
import { ToolError } from "@parley/domain/ToolError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Budget } from "../limits/Budget.ts"
import { Fallbacks } from "../limits/Fallbacks.ts"
import { SessionCoordinator } from "../round/SessionCoordinator.ts"
import { Ask, endOf, run as runAsk, sessionOf } from "./RecordedAsks.ts"
import { Settings } from "./RecordedSettings.ts"
import * as RecordedValues from "./RecordedValues.ts"
import { type Outcome, type Recorded, RecordingError, type StepOf } from "./RecordingFormat.ts"
import * as Tape from "./Tape.ts"
import * as TapedContext from "./TapedContext.ts"
import * as TapedManagers from "./TapedManagers.ts"

/**
 * Options of a run with another model.
 *
 * @since 0.1.0
 * @category models
 */
export interface CounterfactualOptions {
  /** The name of the recording, for messages to people. */
  readonly name: string
  readonly recorded: Recorded
  /** The first round that is run again, such as `r3`. Its first turn, `r3t1`, means the same. */
  readonly from: string
  readonly model: ModelRef
}

/**
 * A round as it was recorded, and as the other model ran it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Compared {
  /** Undefined if the recording has no such round, which happens if a message was refused. */
  readonly recorded: Round | undefined
  /** Undefined if the message was refused; `end` then has the reason. */
  readonly now: Round | undefined
  readonly end: string
  /** Calls of tools that the recording has no result for. They were answered with an error. */
  readonly unrecorded: ReadonlyArray<string>
}

const encodeToolError = ToolError.pipe(Schema.toCodecJson, Schema.encodeSync)
const decodeAsk = Ask.pipe(Schema.toCodecJson, Schema.decodeUnknownOption)
const decodeSettings = Settings.pipe(Schema.toCodecJson, Schema.decodeUnknownOption)
const ToolCall = Schema.Struct({ tool: Schema.String })
const isToolCall = Schema.is(ToolCall)

/** What a model that makes a call that was not recorded is answered. */
const notRecorded = (tool: string): Outcome => {
  const problem =
    "This session is being run again from a recording, and the recording has no result for this call with these arguments. Nothing was run"
  return { failed: encodeToolError(new ToolError({ tool, reason: "NotSent", problem })) }
}

/** Answers the engine from the values of a recording. Tools, files and prompts are as recorded; nothing is run. */
const portOf = (values: RecordedValues.RecordedValues, unrecorded: Array<string>): Tape.Port => ({
  isReplay: true,
  now: () => 0,
  value: () => "allow",
  begin: ({ input = null, isShown = false, op }, _start, resume) => {
    const found = isShown ? values.same(op, input) : values.next(op)
    if (found !== undefined) resume(found)
    else if (op === "tool call" && isToolCall(input)) {
      unrecorded.push(input.tool)
      resume(notRecorded(input.tool))
    } else resume({ ok: op === "attach" || op === "slots" || op === "resources" ? [] : null })
    return () => undefined
  }
})

const noTools = {
  tools: Effect.never,
  servers: Effect.never,
  call: () => Effect.never
}

/** The requests of the host for a session, each with the round that it started, in order. */
const asksOf = ({ steps }: Recorded, rounds: ReadonlyMap<SessionId, ReadonlyArray<Round>>) => {
  const asks: Array<{ readonly step: StepOf<"ask">; readonly ask: Ask; round?: RoundId }> = []
  const waiting = new Map<SessionId, Array<(typeof asks)[number]>>()
  for (const step of steps) {
    const ask = step.kind === "ask" ? Option.getOrUndefined(decodeAsk(step.ask)) : undefined
    if (step.kind === "ask" && ask !== undefined) {
      const entry = { step, ask }
      asks.push(entry)
      if (ask._tag === "Message" || ask._tag === "Compact")
        waiting.set(sessionOf(ask), [...(waiting.get(sessionOf(ask)) ?? []), entry])
    }
    if (step.kind === "done")
      for (const [id, entries] of waiting) if (entries[0]?.step.n === step.n) waiting.set(id, entries.slice(1))
    const started = RecordedValues.startedBy(step)
    const first = started === undefined ? undefined : waiting.get(started.session)?.[0]
    if (started === undefined || first === undefined) continue
    first.round = started.round
    waiting.set(started.session, waiting.get(started.session)?.slice(1) ?? [])
  }
  return asks.filter(({ ask }) => rounds.has(sessionOf(ask)))
}

const settingsBefore = (recorded: Recorded, n: number): Settings | undefined => {
  let found: Settings | undefined
  for (const step of recorded.steps) {
    if (step.kind !== "ask" || step.n > n) continue
    if (step.settings !== undefined) found = Option.getOrElse(decodeSettings(step.settings), () => found)
  }
  return found
}

/**
 * The same request of the host to another session, with another model. Its idempotency key belongs to the recorded session,
 * and its effort to the recorded model. What the first message took the place of is undone already in what was copied.
 */
const again = (ask: Ask, sessionId: SessionId, model: ModelRef, isFirst: boolean): Ask => {
  if (ask._tag !== "Message") return ask._tag === "Compact" ? { ...ask, sessionId, model } : { ...ask, sessionId }
  const { edit, effort: _, requestId: __, ...message } = ask.message
  const replaced = isFirst || edit === undefined ? {} : { edit }
  return { _tag: "Message", way: "handleMessage", message: { ...message, ...replaced, sessionId, model } }
}

/** Copies the events before a round into a new session. */
const copy = Effect.fnUntraced(function* (before: ReadonlyArray<LogEntry>, title: string, workspace: string) {
  const sessions = yield* SessionManager
  const { id } = yield* sessions.create({ title, workspace })
  yield* Effect.scoped(
    Effect.flatMap(sessions.acquire(id), ({ epoch }) =>
      before.length === 0
        ? Effect.void
        : sessions
            .append(
              id,
              { after: 0, epoch },
              before.map(({ event }) => event)
            )
            .pipe(Effect.catchTag("PostChanged", Effect.die))
    )
  )
  return id
})

/**
 * Runs a recorded session again from a round on, with another model: the rounds before it are copied into a new session, and
 * the recorded messages from there on are sent to the model. Requests are really sent and cost money. Tools are not run: a
 * call with a recorded tool and recorded arguments has the recorded result, and any other call is answered with an error
 * that says so. The prompt and files are the recorded ones.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fn("Counterfactual.run")(function* (options: CounterfactualOptions) {
  const { from, model, name, recorded } = options
  const unusable = (problem: string) => new RecordingError({ name, reason: { _tag: "Unusable", problem } })
  const wanted = RoundId.make(from.replace(/t1$/, ""))
  const logs = RecordedValues.logsOf(recorded.steps)
  const rounds = new Map(Array.from(logs, ([id, log]) => [id, SessionFold.fromEvents(id, log).rounds] as const))
  const all = asksOf(recorded, rounds)
  const first = all.find(({ round }) => round === wanted)
  if (first === undefined) {
    const known = all.flatMap(({ round }) => round ?? []).join(", ")
    const whole = /t\d+$/.test(from) ? "; only whole rounds can be run again" : ""
    return yield* unusable(`it has no round ${from} to run again${whole}; its rounds: ${known === "" ? "none" : known}`)
  }
  const sessionId = sessionOf(first.ask)
  const log = logs.get(sessionId) ?? []
  const at = log.findIndex(({ event }) => event._tag === "RoundStarted" && event.roundId === wanted)
  const info = recorded.steps.find((step) => step.kind === "log" && step.session.id === sessionId)
  const workspace = info?.kind === "log" ? info.session.workspace : ""
  const copied = yield* copy(log.slice(0, at), `${wanted} with ${model.model}`, workspace)

  const values = RecordedValues.make(recorded.steps)
  const unrecorded: Array<string> = []
  const tape = yield* Tape.make(portOf(values, unrecorded), recorded.header.seed)
  const context = yield* Effect.context<SessionManager | ModelsManager>()
  const managers = context.pipe(
    Context.add(McpManager, TapedManagers.tools(tape, McpManager.make(noTools))),
    Context.add(PromptManager, TapedContext.prompt(tape, { prompt: Effect.never }))
  )
  const engine = yield* SessionCoordinator.layer.pipe(
    Layer.fresh,
    Layer.build,
    Effect.map((built) => Context.get(built, SessionCoordinator)),
    Effect.provideContext(Context.merge(yield* Effect.context(), managers))
  )
  const sessions = Context.get(context, SessionManager)
  const compared: Array<Compared> = []
  for (const { ask, round, step } of all.slice(all.indexOf(first))) {
    if (sessionOf(ask) !== sessionId || ask._tag === "Cancel") continue
    const settings = settingsBefore(recorded, step.n)
    if (settings === undefined) return yield* unusable("its settings cannot be read")
    values.begin(step.n)
    const before = (yield* sessions.get(copied)).head
    const references = TapedContext.references(tape, context, settings).pipe(
      Context.add(Budget, Context.get(context, Budget)),
      Context.add(Fallbacks, Context.get(context, Fallbacks))
    )
    const exit = yield* Effect.exit(
      Effect.provideContext(runAsk(engine, again(ask, copied, model, round === first.round)), references)
    )
    const now = SessionFold.fromEvents(copied, yield* sessions.read(copied, before)).rounds.at(-1)
    compared.push({
      recorded: rounds.get(sessionId)?.find(({ id }) => id === round),
      now,
      end: endOf(exit),
      unrecorded: [...unrecorded]
    })
    unrecorded.length = 0
  }
  return { session: yield* sessions.get(copied), from: wanted, rounds: compared }
}, Effect.scoped)
