import type { CallId } from "@parley/domain/Ids"
import { type CallContext, McpManager } from "@parley/domain/McpManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import {
  failed,
  fromOutput,
  type ToolDefinition,
  type ToolOutcome,
  type ToolOutput,
  unknown
} from "@parley/domain/Tool"
import { ToolError, toOutcome } from "@parley/domain/ToolError"
import type { Asked } from "@parley/domain/ToolPolicy"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { settle } from "./Closing.ts"
import { decide, type TurnPolicy } from "./Decide.ts"
import { Limits } from "./Limits.ts"
import * as Input from "./ToolInput.ts"

/** A call to run: its input is the model's own JSON text. */
export interface Call {
  readonly callId: CallId
  readonly name: string
  readonly input: string
}

const startOf = ({ callId }: Call): SessionEvent => ({ _tag: "ToolStarted", callId })

/** A call that can be run, or what is wrong with it. */
const check = (call: Call, tools: ReadonlyArray<ToolDefinition>): Result.Result<Asked, string> => {
  const tool = tools.find(({ name }) => name === call.name)
  return tool === undefined
    ? Result.fail(`There is no tool ${JSON.stringify(call.name)}`)
    : Result.map(Input.decode(call.input), (input) => ({ callId: call.callId, tool, input }))
}

/** The starts of those calls that run at once when nothing is running yet: the first `toolConcurrency` that may run. */
export const firstStarts = (
  calls: ReadonlyArray<Call>,
  tools: ReadonlyArray<ToolDefinition>,
  toolConcurrency: number,
  policy: TurnPolicy
): ReadonlyArray<SessionEvent> =>
  calls
    .slice(0, toolConcurrency)
    .filter((call) =>
      Result.match(check(call, tools), {
        onSuccess: ({ input, tool }) => policy.rule(tool, input) === "allow",
        onFailure: () => false
      })
    )
    .map(startOf)

const outcomeOf = (exit: Exit.Exit<ToolOutput, ToolError>, tool: ToolDefinition): ToolOutcome => {
  if (Exit.isSuccess(exit)) return fromOutput(exit.value)
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return toOutcome(error.value, tool)
  return Cause.hasDies(exit.cause)
    ? failed(`The tool failed unexpectedly: ${Cause.prettyErrors(exit.cause)[0]?.message ?? "no reason given"}`)
    : unknown("it was cancelled while it ran", tool)
}

/** Sends a lost call once more when that does no harm. A second try that is not even sent says nothing about the first. */
const again = <A, R>(call: Effect.Effect<A, ToolError, R>, { safeToRepeat }: ToolDefinition) =>
  safeToRepeat === undefined
    ? call
    : Effect.catchIf(
        call,
        (first) => first.reason === "Lost",
        (first) => Effect.mapError(call, (second) => (second.reason === "NotSent" ? first : second))
      )

/**
 * Runs calls side by side, at most `Limits.toolConcurrency` at a time. Each call that starts is recorded as started before
 * it can act, and settled exactly once, also when it dies or the round is cancelled meanwhile. A call that cannot be run is
 * settled at once. Calls that never started are left to whoever closes the round.
 */
export const run = Effect.fnUntraced(function* <E>(options: {
  readonly calls: ReadonlyArray<Call>
  readonly tools: ReadonlyArray<ToolDefinition>
  /** Calls whose start is already stored. */
  readonly started?: ReadonlySet<CallId>
  readonly append: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void, E>
  readonly contextOf: (call: Call) => CallContext
  /** Who decides about calls whose start is not stored yet. Without it each may run. */
  readonly policy?: TurnPolicy
  /** Milliseconds one call may take, its second try included. Without it the tool manager's own limit holds. */
  readonly timeoutMillis?: number
}) {
  const mcp = yield* McpManager
  const { toolConcurrency } = yield* Limits
  const limit = (effect: Effect.Effect<ToolOutput, ToolError>, { name }: Call) => {
    const millis = options.timeoutMillis
    if (millis === undefined) return effect
    const orElse = () =>
      Effect.fail(new ToolError({ tool: name, reason: "Lost", problem: `no answer within ${millis} ms` }))
    return Effect.timeoutOrElse(effect, { duration: millis, orElse })
  }

  const start = (call: Call, { input, tool }: Asked, before: ReadonlyArray<SessionEvent>) =>
    Effect.uninterruptibleMask((restore) =>
      (before.length === 0 ? Effect.void : options.append(before)).pipe(
        Effect.andThen(
          Effect.exit(restore(limit(again(mcp.call(call.name, input, options.contextOf(call)), tool), call)))
        ),
        Effect.map((exit) => outcomeOf(exit, tool)),
        Effect.tap((outcome) => options.append([settle(call.callId, outcome)]))
      )
    ).pipe(Effect.withSpan("ToolFibers.call", { attributes: { "tool.name": call.name, "tool.call_id": call.callId } }))

  const refuse = (call: Call, outcome: ToolOutcome, before: ReadonlyArray<SessionEvent> = []) =>
    Effect.as(options.append([...before, settle(call.callId, outcome)]), outcome)

  const decideAndStart = (call: Call, asked: Asked) =>
    options.policy === undefined
      ? start(call, asked, [startOf(call)])
      : Effect.flatMap(decide(options.policy, asked), ({ decision, events }) =>
          decision.allowed
            ? start(call, asked, [...events, startOf(call)])
            : refuse(call, { _tag: "Denied", reason: decision.reason }, events)
        )

  const one = (call: Call) =>
    Result.match(check(call, options.tools), {
      onSuccess: (asked) =>
        options.started?.has(call.callId) === true ? start(call, asked, []) : decideAndStart(call, asked),
      onFailure: (problem) => refuse(call, failed(problem))
    })

  return yield* Effect.forEach(options.calls, one, { concurrency: toolConcurrency })
})
