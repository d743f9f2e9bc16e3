import { CapReached } from "@parley/domain/Errors"
import type { ToolCall } from "@parley/domain/Content"
import { type RoundId, type TurnId, turnId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { DynamicResult } from "@parley/domain/SessionContext"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import type { RoundFold } from "@parley/domain/SessionFold"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"
import * as Caps from "../limits/Caps.ts"
import { settle } from "../log/Closing.ts"
import * as ContextBuilder from "../context/ContextBuilder.ts"
import { estimate } from "../context/RequestEstimate.ts"
import { outputToolOf } from "../context/RequestOrigins.ts"
import type { StructuredOutput } from "../output/StructuredOutput.ts"
import * as ToolApproval from "../tools/ToolApproval.ts"
import * as DynamicSlots from "../context/DynamicSlots.ts"
import * as ContextBudget from "../compaction/ContextBudget.ts"
import { Limits } from "../limits/Limits.ts"
import type { ModelChain, Obstacle } from "../limits/ModelChain.ts"
import * as Retry from "../limits/Retry.ts"
import type { RetryGate } from "../limits/RetryGate.ts"
import * as Continued from "./Continued.ts"
import * as Steering from "./Steering.ts"
import { type NextStep, RoundProgress } from "./NextStep.ts"
import { type OutputStep, OutputSteps } from "./OutputSteps.ts"
import type { LogError, SessionLog } from "../log/SessionLog.ts"
import type { RoundQuestions } from "../tools/RoundQuestions.ts"
import * as ToolFibers from "../tools/ToolFibers.ts"
import * as ReservedTurn from "../turn/ReservedTurn.ts"
import type { TurnEnd } from "../turn/TurnRunner.ts"
import * as TurnRunner from "../turn/TurnRunner.ts"

const key = (...path: ReadonlyArray<string>) => path.join("/")

/** Runs the tool calls of slots as calls of the round, with events in the log. */
const journalled =
  (log: SessionLog, roundId: RoundId): DynamicSlots.Resolve<LogError, McpManager> =>
  (calls, tools) =>
    log
      .append(
        calls.map(({ callId, files, input, name, slot }): SessionEvent => ({
          _tag: "ContextCallRequested",
          roundId,
          callId,
          slot: slot.id,
          name,
          input,
          files
        }))
      )
      .pipe(
        Effect.andThen(
          DynamicSlots.callTools(calls, tools, {
            append: log.append,
            round: { sessionId: log.id, roundId },
            idempotencyKey: (callId) => key(log.id, roundId, "context", callId)
          })
        )
      )

const cutOff = "the answer was cut off at the output limit, so this call may be incomplete. Send it again, shorter"

/** A request that ends with a paused response is not valid for another model. */
const onlyItself = () => Effect.succeed("only the model that paused its response can continue it")

interface RoundOptions {
  readonly log: SessionLog
  readonly roundId: RoundId
  /** The models to ask. */
  readonly chain: ModelChain
  readonly gate: RetryGate
  /** The form of the answer. Absent: text. */
  readonly output: StructuredOutput | undefined
  readonly questions: RoundQuestions
}

/** How a round ended in this process: it is complete, or it waits for answers. */
export type RoundStop = StopReason | "parked"

/**
 * Runs a started round until the model requests no more tools, and closes it, or until all that is left are questions that
 * stay open. If it fails or is interrupted, the caller must close the round.
 */
export const run = Effect.fnUntraced(
  function* (
    options: RoundOptions & {
      /** The text whose mentions are attached. */
      readonly mentions: string
      /** Ids of slots whose tools are called again regardless of their policies. */
      readonly refresh: ReadonlyArray<string>
    }
  ) {
    const { chain, log, roundId } = options
    const { state } = log
    const { dynamic, event } = yield* ContextBuilder.build({
      state,
      roundId,
      mentions: options.mentions,
      model: chain.model,
      refresh: options.refresh,
      run: journalled(log, roundId)
    })
    yield* log.append([event])
    const outputTool = yield* outputToolOf(state, [chain.model, ...chain.fallbacks])
    const turns = yield* makeTurns(options, dynamic, outputTool)
    return yield* turns.loop
  },
  (effect, { log }) => Caps.withinTime(effect, log)
)

/**
 * Continues a parked round: runs the calls of its last turn that never started, then goes on like `run`. What the round
 * needs to know of its earlier turns is derived from the log.
 */
export const resume = Effect.fnUntraced(
  function* (options: RoundOptions, round: RoundFold) {
    const { log } = options
    const turns = yield* makeTurns(options, yield* Continued.dynamic(log, round), round.outputTool)
    const ends = Continued.endsOf(round)
    const steps = ends.map(turns.advance)
    const [end, step] = [ends.at(-1), steps.at(-1)]
    const open = new Set(round.unsettled.map(({ callId }) => callId))
    const left = step?.calls.filter(({ callId }) => open.has(callId)) ?? []
    if (end !== undefined && (yield* turns.runTools(left, end.id)) === "parked") return "parked"
    return yield* turns.loop
  },
  (effect, { log }) => Caps.withinTime(effect, log)
)

const makeTurns = Effect.fnUntraced(function* (
  options: RoundOptions,
  dynamic: ReadonlyArray<DynamicResult>,
  outputTool: string | undefined
) {
  const { chain, gate, log, output, questions, roundId } = options
  const { state } = log
  const limits = yield* Limits
  const toolPolicy = yield* ToolPolicy
  const tools = state.baseline?.tools ?? []
  const fitting = ContextBudget.make({ log, roundId, chain, gate, dynamic, outputTool })
  // A round that is continued has sent its latest request already.
  let policy = ToolApproval.forTurn(toolPolicy, questions, state, state.history.turnTainted)

  const progress = new RoundProgress(limits)
  const outputs = output === undefined ? undefined : new OutputSteps({ output, roundId, tool: outputTool })
  let isPaused = false

  /**
   * The events that are stored together with a completed turn: its first tool calls start, or its calls are settled
   * unrun.
   */
  const eventsWith = ({ calls, events, step }: OutputStep): ReadonlyArray<SessionEvent> => {
    const unrun = calls.map((call) => settle(call.callId, { _tag: "NotExecuted", reason: cutOff }))
    switch (step._tag) {
      case "RunTools":
        return [...events, ...ToolFibers.firstStarts(calls, tools, limits.toolConcurrency, policy)]
      case "AskAgain":
      case "Resume":
      case "Repeats":
      case "Continue":
        return []
      case "RetryShorter":
      case "Repair":
      case "Fail":
        return [...unrun, ...events]
      case "Finish":
        return [...unrun, ...events]
    }
  }

  /** Stores a completed turn. If the round would end with it, a message that was sent meanwhile continues the round. */
  const commit = (turn: ReadonlyArray<SessionEvent>, next: OutputStep & { readonly end: TurnEnd }) => {
    const events = [...turn, ...next.events]
    if (next.step._tag !== "Finish") return Effect.as(log.append(events), next)
    const { output, stop } = next.step
    const end: SessionEvent = { _tag: "RoundCompleted", roundId, stop, ...(output === undefined ? {} : { output }) }
    if (progress.turns >= limits.turns) return Effect.as(log.append([...events, end]), next)
    const continues: NextStep = { _tag: "Continue" }
    return Effect.map(Steering.insteadOfEnd(log, roundId, events, [end]), (isContinued) =>
      isContinued ? { ...next, step: continues } : next
    )
  }

  /** Must be called exactly once for each turn. */
  const advance = (end: TurnEnd): OutputStep => {
    const plain: OutputStep = { step: progress.advance(end), calls: end.calls, events: [] }
    return outputs?.after(plain.step, end) ?? plain
  }

  /** Runs the calls of the latest turn that are not settled. They have run, or some of them wait for answers. */
  const runTools = Effect.fnUntraced(function* (calls: ReadonlyArray<ToolCall>, turn: TurnId) {
    const outcomes = yield* ToolFibers.run({
      calls,
      tools,
      started: new Set(state.round?.running.map((call) => call.callId)),
      append: log.append,
      turnId: turn,
      policy,
      round: { sessionId: log.id, roundId },
      idempotencyKey: (callId) => key(log.id, roundId, turn, callId)
    })
    return outcomes.includes(undefined) ? "parked" : "settled"
  })

  /** Sends the request that follows from the log, as the round's next turn. */
  const attempt = (attempt: number) => {
    policy = ToolApproval.forTurn(toolPolicy, questions, state)
    const { model, replaced } = chain
    const request = fitting.request()
    const turn = TurnRunner.run({
      log,
      roundId,
      attempt,
      turnId: turnId(roundId, (state.round?.turnCount ?? 0) + 1),
      request,
      size: fitting.size,
      endpoint: model.endpoint,
      dropsThinking: fitting.dropping,
      paused: isPaused,
      price: model.price,
      replaced: replaced?.ref,
      outputTool,
      andThen: (end) => {
        const next = advance(end)
        return { end, ...next, events: eventsWith(next) }
      },
      commit
    })
    return ReservedTurn.within({ log, model, input: (fitting.size ?? estimate(request)).tokens }, turn)
  }
  const withinLimits = Effect.suspend(() => Caps.checkUsage(state, limits))

  const loop = Effect.gen(function* () {
    while (progress.turns < limits.turns) {
      yield* withinLimits
      // A paused response must be sent back unchanged.
      if (!isPaused) yield* Steering.deliver(log, roundId)
      yield* fitting.before
      const obstacle: Obstacle<ModelsManager> = isPaused ? onlyItself : fitting.obstacle
      const turn = Retry.run({ log, roundId, chain, obstacle, gate, attempt, before: withinLimits })
      const { calls, end, step } = yield* fitting.recovering(turn)
      isPaused = step._tag === "Resume"
      switch (step._tag) {
        case "RunTools":
          if ((yield* runTools(calls, end.id)) === "parked") return "parked"
          break
        case "AskAgain":
        case "RetryShorter":
        case "Repair":
        case "Resume":
        case "Continue":
          break
        case "Finish":
          return step.stop
        case "Fail":
        case "Repeats":
          return yield* step.error
      }
    }
    return yield* new CapReached({ cap: "turns", limit: limits.turns })
  })

  return { advance, runTools, loop }
})
