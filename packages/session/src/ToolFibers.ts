import type { CallId } from "@parley/domain/Ids"
import { type CallContext, McpManager, type ToolInput } from "@parley/domain/McpManager"
import type { SessionEvent } from "@parley/domain/SessionEvent"
import { failed, fromOutput, type ToolDefinition, type ToolOutcome, type ToolOutput } from "@parley/domain/Tool"
import { ToolError, toOutcome } from "@parley/domain/ToolError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { settle } from "./Closing.ts"
import { Limits } from "./Limits.ts"
import * as Input from "./ToolInput.ts"

/** A call to run: its input is the model's own JSON text. */
export interface Call {
  readonly callId: CallId
  readonly name: string
  readonly input: string
}

const startOf = ({ callId }: Call): SessionEvent => ({ _tag: "ToolStarted", callId })

/** The input of a call that can be run, or what is wrong with the call. */
const check = (call: Call, tools: ReadonlyArray<ToolDefinition>): Result.Result<ToolInput, string> =>
  tools.some((tool) => tool.name === call.name)
    ? Input.decode(call.input)
    : Result.fail(`There is no tool ${JSON.stringify(call.name)}`)

/** The starts of those calls that run at once when nothing is running yet: the first `toolConcurrency` that can run. */
export const firstStarts = (
  calls: ReadonlyArray<Call>,
  tools: ReadonlyArray<ToolDefinition>,
  toolConcurrency: number
): ReadonlyArray<SessionEvent> =>
  calls
    .slice(0, toolConcurrency)
    .filter((call) => Result.isSuccess(check(call, tools)))
    .map(startOf)

const outcomeOf = (exit: Exit.Exit<ToolOutput, ToolError>): ToolOutcome => {
  if (Exit.isSuccess(exit)) return fromOutput(exit.value)
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return toOutcome(error.value)
  return Cause.hasDies(exit.cause)
    ? failed(`The tool failed unexpectedly: ${Cause.prettyErrors(exit.cause)[0]?.message ?? "no reason given"}`)
    : { _tag: "Unknown", reason: "it was cancelled while it ran" }
}

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
  /** Milliseconds one call may take. Without it the tool manager's own limit holds. */
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

  const start = (call: Call, input: ToolInput) =>
    Effect.uninterruptibleMask((restore) =>
      (options.started?.has(call.callId) === true ? Effect.void : options.append([startOf(call)])).pipe(
        Effect.andThen(Effect.exit(restore(limit(mcp.call(call.name, input, options.contextOf(call)), call)))),
        Effect.map(outcomeOf),
        Effect.tap((outcome) => options.append([settle(call.callId, outcome)]))
      )
    ).pipe(Effect.withSpan("ToolFibers.call", { attributes: { "tool.name": call.name, "tool.call_id": call.callId } }))

  const refuse = (call: Call, message: string) => {
    const outcome = failed(message)
    return Effect.as(options.append([settle(call.callId, outcome)]), outcome)
  }

  const one = (call: Call) =>
    Result.match(check(call, options.tools), {
      onSuccess: (input) => start(call, input),
      onFailure: (problem) => refuse(call, problem)
    })

  return yield* Effect.forEach(options.calls, one, { concurrency: toolConcurrency })
})
