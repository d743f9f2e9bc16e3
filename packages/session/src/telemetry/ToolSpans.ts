import type { CallId, RoundId, SessionId, TurnId } from "@parley/domain/Ids"
import { ToolOutcome } from "@parley/domain/Tool"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as GenAi from "./GenAi.ts"
import * as TelemetryContent from "./TelemetryContent.ts"

const { key } = GenAi

/** The call that a span belongs to. Calls of a trial have no round, calls of a slot no turn. */
interface CallIds {
  readonly callId: CallId
  readonly name: string
  readonly input: string
  readonly round: { readonly sessionId: SessionId; readonly roundId: RoundId } | undefined
  readonly turnId: TurnId | undefined
}

/**
 * Ends the span of a call that did not succeed with an error, because only an effect that fails gives a span that status.
 * The message contains nothing that a tool returned.
 */
class NotSucceeded extends Schema.TaggedError<NotSucceeded>()("NotSucceeded", { outcome: ToolOutcome }) {
  override get message(): string {
    return `the call ended as ${this.outcome._tag}`
  }
}

const isNotSucceeded = Schema.is(NotSucceeded)

const ended = (call: CallIds, outcome: ToolOutcome, nanos: bigint) =>
  Effect.gen(function* () {
    const { _tag: tag } = outcome
    const error = tag === "Succeeded" ? {} : { [key.error]: tag }
    yield* Effect.annotateCurrentSpan({ [key.outcome]: tag, ...error })
    if (yield* TelemetryContent.TelemetryContent)
      yield* Effect.annotateCurrentSpan({ [key.callInput]: call.input, ...TelemetryContent.ofOutcome(outcome) })
    const attributes = { [key.operation]: "execute_tool", [key.tool]: call.name, ...error }
    yield* Metric.update(Metric.withAttributes(GenAi.toolDuration, attributes), Number(nanos) / 1e9)
    yield* Effect.annotateLogs(Effect.logDebug("Tool call ended"), { tool: call.name, outcome: tag })
    return outcome
  })

/** The log annotations of everything that belongs to a call. */
const annotated = ({ callId, turnId }: CallIds) =>
  Effect.annotateLogs({ callId, ...(turnId === undefined ? {} : { turnId }) })

/** The span, the metric and the log lines of one tool call that runs. */
export const execute = <E, R>(run: Effect.Effect<ToolOutcome, E, R>, call: CallIds): Effect.Effect<ToolOutcome, E, R> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const begun = clock.monotonicTimeNanosUnsafe()
    yield* Effect.annotateLogs(Effect.logDebug("Tool call started"), { tool: call.name })
    const outcome = yield* run
    yield* ended(call, outcome, clock.monotonicTimeNanosUnsafe() - begun)
    return outcome._tag === "Succeeded" ? outcome : yield* new NotSucceeded({ outcome })
  }).pipe(
    Effect.withSpan(`execute_tool ${call.name}`, {
      attributes: {
        [key.operation]: "execute_tool",
        [key.tool]: call.name,
        [key.call]: call.callId,
        ...(call.round === undefined
          ? {}
          : { [key.conversation]: call.round.sessionId, [key.round]: call.round.roundId }),
        ...(call.turnId === undefined ? {} : { [key.turn]: call.turnId })
      }
    }),
    Effect.catchIf(isNotSucceeded, ({ outcome }) => Effect.succeed(outcome)),
    annotated(call)
  )

/** The log line of a call that does not run: it was denied, or its input or name is not valid. */
export const refused = (call: CallIds, outcome: ToolOutcome): Effect.Effect<void> =>
  Effect.logDebug("Tool call not run").pipe(
    Effect.annotateLogs({ tool: call.name, outcome: outcome._tag }),
    annotated(call)
  )
