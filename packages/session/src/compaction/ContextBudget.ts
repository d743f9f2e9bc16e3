import { ContextTooLarge, type HandleMessageError } from "@parley/domain/Errors"
import type { RoundId } from "@parley/domain/Ids"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { TokenCount } from "@parley/domain/RequestSize"
import type { DynamicResult } from "@parley/domain/SessionContext"
import * as Effect from "effect/Effect"
import * as Caps from "../limits/Caps.ts"
import { isThinking } from "../log/BoundThinking.ts"
import * as Compaction from "./Compaction.ts"
import { CompactionSettings } from "../limits/CompactionSettings.ts"
import { Limits } from "../limits/Limits.ts"
import type { ModelChain, Obstacle } from "../limits/ModelChain.ts"
import * as ModelFit from "../context/ModelFit.ts"
import { requestOf } from "../context/RequestOrigins.ts"
import * as RequestEstimate from "../context/RequestEstimate.ts"
import type { RetryGate } from "../limits/RetryGate.ts"
import type { SessionLog } from "../log/SessionLog.ts"

/**
 * If a model rejects a request as too large and its limit is not known, the new request has at most this share of the
 * size.
 */
const afterOverflow = 0.75

/** A request that is rejected without a reason may be too large if its size is at least this share of the model's limit. */
const suspicious = 1 / 4

const isOverflow = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && error.reason._tag === "ContextOverflow"

const isUnclear = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && error.reason._tag === "InvalidRequest" && error.reason.unclear === true

const isAboutThinking = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && error.reason._tag === "InvalidRequest" && error.reason.thinking === true

/** Keeps the requests of one round within the context window of the model that is asked. */
export const make = (options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  readonly chain: ModelChain
  /** The tool by which the answer is given: see `TurnStarted`. */
  readonly outputTool?: string | undefined
  readonly gate: RetryGate
  /** The round's dynamic context. */
  readonly dynamic: ReadonlyArray<DynamicResult>
}) => {
  const { chain, log, outputTool } = options
  const { state } = log
  const limitNow = () => RequestEstimate.limitOf(chain.model)
  let size: TokenCount | undefined
  /** A round that another process began may have been compacted for this reason already. */
  let recovered = state.round?.overflowed ?? false
  let dropping = false

  const request = () => requestOf(state, { ...chain.model, outputTool }, dropping ? "none" : "fitting")

  const isLarge = () => {
    const limit = limitNow()
    return limit !== undefined && (size ?? RequestEstimate.estimate(request())).tokens >= limit * suspicious
  }
  const withinLimits = Effect.flatMap(Limits, (limits) => Caps.checkUsage(state, limits))

  const off = (tokens: number, most: number) =>
    new ContextTooLarge({
      tokens,
      limit: most,
      problem: "compaction is switched off",
      compaction: "off"
    })

  /** To be run before each request: measures it, and compacts the history if it is too large. */
  const before = Effect.gen(function* () {
    const limit = limitNow()
    size = yield* RequestEstimate.measure(state, request(), limit)
    if (limit === undefined || size.tokens <= limit) return
    const { auto } = yield* CompactionSettings
    if (!auto) return yield* off(size.tokens, limit)
    size = yield* Compaction.compact({ ...options, why: "budget", before: size, limit })
    // Writing the summary may have used up the limits.
    yield* withinLimits
  })

  /**
   * Once per round: if the provider rejects a request as too large, or rejects a large request without a reason, compacts
   * the history and sends the request again. If the history cannot be compacted, the provider's error is the result.
   */
  const recovering = <A, E extends HandleMessageError, R>(ask: Effect.Effect<A, E, R>) =>
    Effect.catchIf(
      ask,
      (error) => !recovered && (isOverflow(error) || (isLarge() && isUnclear(error))),
      (error) =>
        Effect.gen(function* () {
          recovered = true
          const { auto } = yield* CompactionSettings
          if (!auto) return yield* error
          const was = size ?? RequestEstimate.estimate(request())
          const most = Math.floor(Math.min(limitNow() ?? was.tokens, was.tokens * afterOverflow))
          size = yield* Compaction.compact({ ...options, why: "overflow", before: was, limit: most }).pipe(
            Effect.catchTag("ContextTooLarge", () => Effect.fail(error))
          )
          yield* withinLimits
          return yield* ask
        })
    )

  /**
   * If the provider rejects the thinking in a request, sends the request again without thinking. This happens once per
   * request, because the second one contains none. It may happen again in a later turn, for example if the provider is a
   * gateway whose servers do not accept each other's thinking.
   */
  const withoutThinking = <A, E extends HandleMessageError, R>(ask: Effect.Effect<A, E, R>) => {
    const hasThinking = () => request().messages.some(({ content }) => content.some(isThinking))
    const again = Effect.suspend(() => {
      dropping = true
      return ask
    }).pipe(Effect.ensuring(Effect.sync(() => void (dropping = false))))
    return ask.pipe(
      Effect.catchIf(
        (error) => isAboutThinking(error) && hasThinking(),
        () => again
      )
    )
  }

  /** Why a fallback model cannot take the current request. If it can, `size` is as measured for this model. */
  const obstacle: Obstacle<ModelsManager> = (model) =>
    Effect.map(ModelFit.of(state, requestOf(state, { ...model, outputTool }), model), (fit) => {
      if ("obstacle" in fit) return fit.obstacle
      size = fit.size
      return undefined
    })

  return {
    request,
    before,
    obstacle,
    recovering: <A, E extends HandleMessageError, R>(ask: Effect.Effect<A, E, R>) =>
      ask.pipe(withoutThinking, recovering),
    /** Whether the current request leaves out thinking that the provider has rejected. */
    get dropping() {
      return dropping
    },
    /** The size that `before` determined, to be stored with the turn. */
    get size() {
      return size
    }
  }
}
