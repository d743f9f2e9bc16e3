import type { CallId, CallReference, TurnId } from "@parley/domain/Ids"
import { McpManager, type ToolInput } from "@parley/domain/McpManager"
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
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { settle } from "../log/Closing.ts"
import { traceFailure } from "../log/FailureTrace.ts"
import { decide, type TurnPolicy } from "./ToolApproval.ts"
import { Limits } from "../limits/Limits.ts"
import * as Input from "./ToolInput.ts"
import * as ToolSpans from "../telemetry/ToolSpans.ts"

/** A call to run. `input` is the JSON text as the model wrote it. */
export interface Call {
  readonly callId: CallId
  readonly name: string
  readonly input: string
}

const startOf = ({ callId }: Call): SessionEvent => ({ _tag: "ToolStarted", callId })

/** The tool of a call and the decoded input. */
interface Checked {
  readonly tool: ToolDefinition
  readonly input: ToolInput
}

/** Finds the tool and decodes the input of a call, or describes the problem. The model receives the description. */
const check = (call: Call, tools: ReadonlyArray<ToolDefinition>): Result.Result<Checked, string> => {
  const tool = tools.find(({ name }) => name === call.name)
  return tool === undefined
    ? Result.fail(`There is no tool ${JSON.stringify(call.name)}`)
    : Result.map(Input.decode(call.input), (input) => ({ tool, input }))
}

/** The start events of the calls that can start immediately: those among the first `toolConcurrency` that a rule allows. */
export const firstStarts = (
  calls: ReadonlyArray<Call>,
  tools: ReadonlyArray<ToolDefinition>,
  toolConcurrency: number,
  policy: Pick<TurnPolicy, "rule">
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

/**
 * Sends a lost call once more if the tool is safe to repeat. If the second attempt is not sent at all, the outcome of the
 * first is still unknown, so the first error is the result.
 */
const again = <A, R>(call: Effect.Effect<A, ToolError, R>, { safeToRepeat }: ToolDefinition) =>
  safeToRepeat === undefined
    ? call
    : Effect.catchIf(
        call,
        (first) => first.reason === "Lost",
        (first) => Effect.mapError(call, (second) => (second.reason === "NotSent" ? first : second))
      )

/**
 * Runs calls concurrently, at most `Limits.toolConcurrency` at a time. The start of a call is stored before the call is
 * sent, and the call is settled exactly once, even if it dies or the round is cancelled. A call that cannot be run is
 * settled immediately. Calls that never started must be settled by the code that closes the round. The outcome of a call
 * whose question stays open is undefined.
 */
export const run = Effect.fnUntraced(function* <E>(options: {
  readonly calls: ReadonlyArray<Call>
  readonly tools: ReadonlyArray<ToolDefinition>
  /** Calls whose start is already stored. */
  readonly started?: ReadonlySet<CallId>
  readonly append: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void, E>
  /** The round of the calls. Absent in a trial, which belongs to no session. */
  readonly round?: Omit<CallReference, "callId"> | undefined
  /** The turn that requested the calls. Absent for slots and in a trial. */
  readonly turnId?: TurnId
  readonly idempotencyKey: (callId: CallId) => string
  /** Decides about the round's calls whose start is not stored yet. Without it, all calls may run. */
  readonly policy?: TurnPolicy<E>
  /** Milliseconds that one call may take, including a second attempt. Default: `Limits.toolMillis`. */
  readonly timeoutMillis?: number
}) {
  const mcp = yield* McpManager
  const { toolConcurrency, toolMillis } = yield* Limits
  const limit = (effect: Effect.Effect<ToolOutput, ToolError>, { name }: Call) => {
    const { timeoutMillis } = options
    const within = timeoutMillis === undefined ? `${toolMillis / 1000} s (limits.toolSeconds)` : `${timeoutMillis} ms`
    const orElse = () =>
      Effect.fail(new ToolError({ tool: name, reason: "Lost", problem: `no answer within ${within}` }))
    return Effect.timeoutOrElse(effect, { duration: timeoutMillis ?? toolMillis, orElse })
  }

  const referenceOf = ({ callId }: Call) => (options.round === undefined ? undefined : { ...options.round, callId })
  const contextOf = (call: Call) => {
    const reference = referenceOf(call)
    const idempotencyKey = options.idempotencyKey(call.callId)
    return reference === undefined ? { idempotencyKey } : { idempotencyKey, reference }
  }

  const observed = (call: Call) => ({ ...call, round: options.round, turnId: options.turnId })

  const questions = options.policy?.questions

  const start = (
    call: Call,
    { input, tool }: Checked,
    before: ReadonlyArray<SessionEvent>,
    whenStored: () => void = () => {}
  ) =>
    Effect.uninterruptibleMask((restore) =>
      (before.length === 0 ? Effect.void : options.append(before)).pipe(
        Effect.andThen(
          Effect.sync(() => {
            whenStored()
            questions?.starts(call.callId)
          })
        ),
        Effect.andThen(Effect.exit(restore(limit(again(mcp.call(call.name, input, contextOf(call)), tool), call)))),
        Effect.tap((exit) => traceFailure(exit, `The tool ${tool.name} failed unexpectedly`)),
        Effect.map((exit) => outcomeOf(exit, tool)),
        Effect.tap((outcome) =>
          options.append([...(questions?.settles(call.callId) ?? []), settle(call.callId, outcome)])
        )
      )
    ).pipe((run) => ToolSpans.execute(run, observed(call)))

  const refuse = (call: Call, outcome: ToolOutcome, before: ReadonlyArray<SessionEvent> = []) =>
    options
      .append([...before, settle(call.callId, outcome)])
      .pipe(Effect.andThen(ToolSpans.refused(observed(call), outcome)), Effect.as(outcome))

  const decideAndStart = (call: Call, checked: Checked) => {
    const reference = referenceOf(call)
    return options.policy === undefined || reference === undefined
      ? start(call, checked, [startOf(call)])
      : Effect.flatMap(decide(options.policy, { ...reference, ...checked }), (decided) => {
          if (decided === undefined) return Effect.undefined
          const { close = () => {}, decision, events, whenStored = () => {} } = decided
          const decides = decision.allowed
            ? start(call, checked, [...events, startOf(call)], whenStored)
            : Effect.tap(refuse(call, { _tag: "Denied", reason: decision.reason }, events), () =>
                Effect.sync(whenStored)
              )
          return Effect.ensuring(decides, Effect.sync(close))
        })
  }

  const one = (call: Call) =>
    Result.match(check(call, options.tools), {
      onSuccess: (checked) =>
        options.started?.has(call.callId) === true ? start(call, checked, []) : decideAndStart(call, checked),
      onFailure: (problem) => refuse(call, failed(problem))
    })

  return yield* Effect.forEach(options.calls, one, { concurrency: toolConcurrency })
})
