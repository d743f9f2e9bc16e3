import { type HandleMessageError, toFailure } from "@parley/domain/Errors"
import type { RoundId, SessionId, TurnId } from "@parley/domain/Ids"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Finish } from "@parley/domain/ProviderChunk"
import type { Round } from "@parley/domain/Session"
import type { TurnContent } from "@parley/domain/TurnContent"
import type { Failure } from "@parley/domain/Failure"
import type { Usage } from "@parley/domain/Usage"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as GenAi from "./GenAi.ts"
import type { ResponseTimes } from "./ResponseTiming.ts"
import * as TelemetryContent from "./TelemetryContent.ts"

const { key } = GenAi

/** The round that a span belongs to. */
interface RoundIds {
  readonly sessionId: SessionId
  readonly roundId: RoundId
}

const idsOf = ({ roundId, sessionId }: RoundIds) => ({ [key.conversation]: sessionId, [key.round]: roundId })

/** A log line at a boundary, at debug level. The ids are annotations of everything within the boundary. */
const boundary = (message: string, annotations: { readonly [name: string]: unknown } = {}) =>
  Effect.annotateLogs(Effect.logDebug(message), annotations)

const typeOf = (failure: Failure): string => failure.reason ?? failure.error

/** What `error.type` and log lines say about a failed effect: tags only, never the text of an error. */
const errorOf = (exit: Exit.Exit<unknown, HandleMessageError>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return error.value.pipe(toFailure, typeOf)
  return Cause.hasDies(exit.cause) ? "Defect" : "interrupted"
}

/** Attributes without the undefined ones. */
const defined = <A>(attributes: { readonly [name: string]: A | undefined }): { readonly [name: string]: A } =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  )

const roundEnded = ({ cost, failure, status, turns, usage }: Round) => {
  const error = failure === undefined ? undefined : typeOf(failure)
  return Effect.andThen(
    Effect.annotateCurrentSpan({
      ...GenAi.usageAttributes(usage, cost),
      ...defined({ [key.roundStatus]: status, [key.error]: error })
    }),
    boundary("Round ended", defined({ status, error, turns: turns.length }))
  )
}

/** The span and the log lines of a round. `ended` returns the round if it is closed. */
export const round = <A, E, R>(
  run: Effect.Effect<A, E, R>,
  {
    ended,
    model,
    purpose,
    ...ids
  }: RoundIds & {
    readonly model: ModelRef
    readonly purpose: "compaction" | undefined
    readonly ended: () => Round | undefined
  }
): Effect.Effect<A, E, R> =>
  boundary("Round started").pipe(
    Effect.andThen(run),
    Effect.onExit(() =>
      Effect.suspend(() => {
        const round = ended()
        return round === undefined ? boundary("Round ended", { status: "open" }) : roundEnded(round)
      })
    ),
    Effect.withSpan("invoke_agent", {
      attributes: {
        ...GenAi.modelAttributes("invoke_agent", model),
        ...idsOf(ids),
        ...defined({ [key.purpose]: purpose })
      }
    }),
    Effect.annotateLogs({ sessionId: ids.sessionId, roundId: ids.roundId })
  )

/** The turn that a span belongs to. */
export interface TurnIds extends RoundIds {
  readonly turnId: TurnId
  /** 1 for the first attempt. */
  readonly attempt: number
  readonly purpose?: "summary" | undefined
  readonly replaced?: ModelRef | undefined
  /** The tool by which the answer is given, if it has to follow a schema. */
  readonly outputTool?: string | undefined
}

/** The span of one request to a model and its response. Without `turn`, it belongs to no session. */
export const chat = <A, E, R>(
  run: Effect.Effect<A, E, R>,
  request: ModelRequest,
  turn?: TurnIds
): Effect.Effect<A, E, R> => {
  const spanned = Effect.flatMap(TelemetryContent.TelemetryContent, (withContent) =>
    withContent ? Effect.andThen(Effect.annotateCurrentSpan(TelemetryContent.ofRequest(request)), run) : run
  ).pipe(
    Effect.withSpan(`chat ${request.model.model}`, {
      kind: "client",
      attributes: {
        ...GenAi.modelAttributes("chat", request.model),
        [key.stream]: true,
        ...defined({ [key.outputType]: (request.output ?? turn?.outputTool) === undefined ? undefined : "json" }),
        ...(turn === undefined
          ? {}
          : {
              ...idsOf(turn),
              [key.turn]: turn.turnId,
              [key.attempt]: turn.attempt,
              ...defined({
                [key.purpose]: turn.purpose,
                [key.fallbackFor]: turn.replaced === undefined ? undefined : format(turn.replaced)
              })
            })
      }
    })
  )
  return turn === undefined ? spanned : Effect.annotateLogs(spanned, { turnId: turn.turnId })
}

/** How a response ended, for its span, its metrics and its log line. */
export interface Response {
  readonly model: ModelRef
  readonly times: ResponseTimes
  readonly usage: Usage
  readonly cost: number | undefined
  readonly finish: Finish | undefined
  readonly exit: Exit.Exit<unknown, HandleMessageError>
  /** The content that arrived. It is read only with `TelemetryContent`. */
  readonly content: Pick<TurnContent, "blocks"> | undefined
}

/** Records the end of a response. To be run within `chat`. */
export const responded = ({ content, cost, exit, finish, model, times, usage }: Response): Effect.Effect<void> =>
  Effect.gen(function* () {
    const error = errorOf(exit)
    yield* Effect.annotateCurrentSpan({
      ...GenAi.usageAttributes(usage, cost),
      ...(finish === undefined ? {} : { [key.finishReasons]: [finish.stop] }),
      ...defined({
        [key.responseId]: finish?.responseId,
        [key.timeToFirstChunk]: times.toFirst,
        [key.error]: error
      })
    })
    if (content !== undefined && (yield* TelemetryContent.TelemetryContent))
      yield* Effect.annotateCurrentSpan(TelemetryContent.ofResponse(content.blocks(), finish?.stop))
    const asked = GenAi.modelAttributes("chat", model)
    const add = (metric: Metric.Histogram<number>, value: number | undefined, more: { [name: string]: string } = {}) =>
      value === undefined ? Effect.void : Metric.update(Metric.withAttributes(metric, { ...asked, ...more }), value)
    yield* add(GenAi.operationDuration, times.total, error === undefined ? {} : { [key.error]: error })
    yield* add(GenAi.timeToFirstChunk, times.toFirst)
    yield* add(GenAi.timePerOutputChunk, times.perChunk)
    for (const [type, tokens] of GenAi.tokenCounts(usage))
      yield* add(GenAi.tokenUsage, tokens, { [key.tokenType]: type })
  })

/** The log line at the start of a turn. */
export const turnStarted = ({ model, provider }: ModelRef, attempt: number) =>
  boundary("Turn started", { model: `${provider}/${model}`, attempt })

/** Records the end of a turn. To be run within `chat`. */
export const turnEnded = (response: Response): Effect.Effect<void> => {
  const { exit, finish, usage } = response
  const line = boundary("Turn ended", { ...defined({ stop: finish?.stop, error: errorOf(exit) }), ...usage })
  return Effect.andThen(responded(response), line)
}
