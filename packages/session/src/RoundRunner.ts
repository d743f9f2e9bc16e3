import { CapReached } from "@parley/domain/Errors"
import { type RoundId, turnId } from "@parley/domain/Ids"
import type { McpManager } from "@parley/domain/McpManager"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { ToolPolicy } from "@parley/domain/ToolPolicy"
import * as Effect from "effect/Effect"
import { asksForTools, isNothing, says, unanswered } from "./Answered.ts"
import * as Caps from "./Caps.ts"
import { settle } from "./Closing.ts"
import * as ContextBuilder from "./ContextBuilder.ts"
import * as Decide from "./Decide.ts"
import type * as DynamicSlots from "./DynamicSlots.ts"
import * as Fitting from "./Fitting.ts"
import { Limits } from "./Limits.ts"
import * as Retry from "./Retry.ts"
import type { RetryGate } from "./RetryGate.ts"
import type { LogError, SessionLog } from "./SessionLog.ts"
import * as SlotCalls from "./SlotCalls.ts"
import * as ToolFibers from "./ToolFibers.ts"
import * as TurnRunner from "./TurnRunner.ts"

const key = (...path: ReadonlyArray<string>) => path.join("/")

/** Runs the declared slots as calls of the round. */
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
          SlotCalls.run(calls, tools, {
            append: log.append,
            keyOf: (callId) => key(log.id, roundId, "context", callId)
          })
        )
      )

const notRun: { readonly [S in StopReason]?: string } = {
  length: "the answer was cut off at the output limit, so this call may be incomplete. Send it again, shorter"
}

/** Runs an admitted round until the model stops asking for tools, and closes it then. Whoever calls this closes it otherwise. */
export const run = Effect.fn("RoundRunner.run")(
  function* (options: {
    readonly log: SessionLog
    readonly roundId: RoundId
    /** The words whose mentions are attached. */
    readonly mentions: string
    /** Slots of dynamic context to ask again whatever their policy says. */
    readonly refresh: ReadonlyArray<string>
    readonly model: ModelInfo
    readonly gate: RetryGate
  }) {
    const { gate, log, model, roundId } = options
    const { state } = log
    const limits = yield* Limits
    const toolPolicy = yield* ToolPolicy
    const { dynamic, event } = yield* ContextBuilder.build({
      state,
      roundId,
      mentions: options.mentions,
      accepts: model.accepts ?? {},
      refresh: options.refresh,
      run: journalled(log, roundId)
    })
    yield* log.append([event])
    let policy = Decide.forTurn(toolPolicy, state)
    const tools = state.baseline?.tools ?? []
    const fitting = Fitting.make({ log, roundId, model, gate, dynamic })

    const counts = new Caps.CallCounts()
    let turns = 0
    let paused = false
    let askedAgain = false
    let cutOff = false

    let said = false
    /** An empty answer is worth one more try of the same request. */
    const asksAgain = (end: TurnRunner.TurnEnd) => isNothing(end) && !askedAgain && turns < limits.turns
    const isCutOff = ({ calls, stop }: TurnRunner.TurnEnd) => stop === "length" && calls.length > 0
    /** A model whose call was cut off may send a shorter one. Cut off twice in a row, it would be cut off again. */
    const triesShorter = (end: TurnRunner.TurnEnd) => isCutOff(end) && !cutOff && turns < limits.turns
    /** What a completed turn leads to: its first tools start, or its calls are settled unrun and the round is over. */
    const andThen = (end: TurnRunner.TurnEnd): ReadonlyArray<SessionEvent> => {
      const { calls, stop } = end
      if (asksForTools(end)) {
        counts.add(calls)
        return counts.over(limits) ? [] : ToolFibers.firstStarts(calls, tools, limits.toolConcurrency, policy)
      }
      if (asksAgain(end)) return []
      const reason = notRun[stop] ?? "the turn did not end with tool calls"
      return [
        ...calls.map((call) => settle(call.callId, { _tag: "NotExecuted", reason })),
        ...(stop === "pause" || triesShorter(end) || unanswered(end, said) !== undefined
          ? []
          : [{ _tag: "RoundCompleted", roundId, stop } satisfies SessionEvent])
      ]
    }

    /** Sends the request that follows from the log, as the round's next turn. */
    const attempt = Effect.suspend(() => {
      policy = Decide.forTurn(toolPolicy, state)
      return TurnRunner.run({
        log,
        roundId,
        turnId: turnId(roundId, (state.round?.turnCount ?? 0) + 1),
        request: fitting.request(),
        size: fitting.size,
        endpoint: model.endpoint,
        dropsThinking: fitting.dropping,
        paused,
        price: model.price,
        andThen
      })
    })
    const affordable = Effect.suspend(() => Caps.spend(state, limits))

    while (turns < limits.turns) {
      turns++
      yield* affordable
      yield* fitting.before
      const asked = Retry.run({ log, roundId, provider: model.ref.provider, gate, attempt, before: affordable })
      const end: TurnRunner.TurnEnd = yield* fitting.recovering(asked)
      const { calls, id, stop } = end
      if (counts.over(limits)) return yield* new CapReached({ cap: "identicalCalls", limit: limits.identicalCalls })
      if (asksForTools(end))
        yield* ToolFibers.run({
          calls,
          tools,
          started: new Set(state.round?.running.map((call) => call.callId)),
          append: log.append,
          policy,
          contextOf: ({ callId }) => ({ idempotencyKey: key(log.id, roundId, id, callId) })
        })
      else if (asksAgain(end)) askedAgain = true
      else if (stop !== "pause" && !triesShorter(end)) return yield* unanswered(end, said) ?? Effect.succeed(stop)
      said ||= says(end)
      paused = stop === "pause" && calls.length === 0
      cutOff = isCutOff(end)
    }
    return yield* new CapReached({ cap: "turns", limit: limits.turns })
  },
  (effect, { log }) => Caps.withinTime(effect, log)
)
