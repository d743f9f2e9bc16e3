import { CapReached } from "@parley/domain/Errors"
import { type RoundId, turnId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
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
import { RoundProgress } from "./NextStep.ts"
import { type OutputStep, OutputSteps } from "./OutputSteps.ts"
import type { LogError, SessionLog } from "../log/SessionLog.ts"
import * as ToolFibers from "../tools/ToolFibers.ts"
import * as ReservedTurn from "../turn/ReservedTurn.ts"
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

/**
 * Runs a started round until the model requests no more tools, and closes it. If it fails or is interrupted, the caller
 * must close the round.
 */
export const run = Effect.fnUntraced(
  function* (options: {
    readonly log: SessionLog
    readonly roundId: RoundId
    /** The text whose mentions are attached. */
    readonly mentions: string
    /** Ids of slots whose tools are called again regardless of their policies. */
    readonly refresh: ReadonlyArray<string>
    /** The models to ask. */
    readonly chain: ModelChain
    readonly gate: RetryGate
    /** The form of the answer. Absent: text. */
    readonly output: StructuredOutput | undefined
  }) {
    const { chain, gate, log, output, roundId } = options
    const { state } = log
    const limits = yield* Limits
    const toolPolicy = yield* ToolPolicy
    const { dynamic, event } = yield* ContextBuilder.build({
      state,
      roundId,
      mentions: options.mentions,
      model: chain.model,
      refresh: options.refresh,
      run: journalled(log, roundId)
    })
    yield* log.append([event])
    let policy = ToolApproval.forTurn(toolPolicy, state)
    const tools = state.baseline?.tools ?? []
    const outputTool = yield* outputToolOf(state, [chain.model, ...chain.fallbacks])
    const fitting = ContextBudget.make({ log, roundId, chain, gate, dynamic, outputTool })

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
          return []
        case "RetryShorter":
        case "Repair":
        case "Fail":
          return [...unrun, ...events]
        case "Finish": {
          const { output, stop } = step
          return [
            ...unrun,
            ...events,
            { _tag: "RoundCompleted", roundId, stop, ...(output === undefined ? {} : { output }) }
          ]
        }
      }
    }

    /** Sends the request that follows from the log, as the round's next turn. */
    const attempt = (attempt: number) => {
      policy = ToolApproval.forTurn(toolPolicy, state)
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
          const plain: OutputStep = { step: progress.advance(end), calls: end.calls, events: [] }
          const next = outputs?.after(plain.step, end) ?? plain
          return { end, ...next, events: eventsWith(next) }
        }
      })
      return ReservedTurn.within({ log, model, input: (fitting.size ?? estimate(request)).tokens }, turn)
    }
    const withinLimits = Effect.suspend(() => Caps.checkUsage(state, limits))

    while (progress.turns < limits.turns) {
      yield* withinLimits
      yield* fitting.before
      const obstacle: Obstacle<ModelsManager> = isPaused ? onlyItself : fitting.obstacle
      const turn = Retry.run({ log, roundId, chain, obstacle, gate, attempt, before: withinLimits })
      const { calls, end, step } = yield* fitting.recovering(turn)
      isPaused = step._tag === "Resume"
      switch (step._tag) {
        case "RunTools":
          yield* ToolFibers.run({
            calls,
            tools,
            started: new Set(state.round?.running.map((call) => call.callId)),
            append: log.append,
            turnId: end.id,
            policy,
            round: { sessionId: log.id, roundId },
            idempotencyKey: (callId) => key(log.id, roundId, end.id, callId)
          })
          break
        case "AskAgain":
        case "RetryShorter":
        case "Repair":
        case "Resume":
          break
        case "Finish":
          return step.stop
        case "Fail":
        case "Repeats":
          return yield* step.error
      }
    }
    return yield* new CapReached({ cap: "turns", limit: limits.turns })
  },
  (effect, { log }) => Caps.withinTime(effect, log)
)
