import type { Effort } from "@parley/domain/Effort"
import type { HandleMessageError } from "@parley/domain/Errors"
import { ModelError, type ModelErrorReason, type SkippedModel } from "@parley/domain/ModelError"
import { format } from "@parley/domain/ModelRef"
import { type ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import * as Effect from "effect/Effect"
import { Fallbacks } from "./Fallbacks.ts"

/**
 * How often a model is asked again before a fallback model is asked instead. A short overload is common, and a change costs
 * what the provider has cached. Undefined: a fallback model would not help, or would hide a fault of the configuration.
 */
const retriesBefore: { readonly [Tag in ModelErrorReason["_tag"]]: number | undefined } = {
  RateLimited: 2,
  Overloaded: 2,
  Unreachable: 2,
  StreamBroken: 2,
  // The wait for the first part of the response was long enough.
  Stalled: 0,
  QuotaExhausted: 0,
  Unauthorized: undefined,
  InvalidRequest: undefined,
  ContextOverflow: undefined,
  UnknownModel: undefined,
  Unsupported: undefined,
  Refused: undefined,
  UnknownStop: undefined,
  NoAnswer: undefined
}

/** If a provider requests a longer wait than this, in milliseconds, the fallback model is asked at once. */
const longestWait = 10_000

/** The wait that the provider requested, in milliseconds. */
export const askedFor = (error: HandleMessageError): number =>
  error._tag === "ModelError" && "retryAfterMillis" in error.reason ? (error.reason.retryAfterMillis ?? 0) : 0

/** How often a model is asked again after this error before a fallback model is. Undefined: never a fallback model. */
export const retriesBeforeFallback = (error: HandleMessageError): number | undefined => {
  if (error._tag !== "ModelError") return undefined
  return askedFor(error) > longestWait ? 0 : retriesBefore[error.reason._tag]
}

/** Adds the fallback models that were skipped to the error of the last attempt. */
export const withSkipped = <E extends HandleMessageError>(
  error: E,
  skipped: ReadonlyArray<SkippedModel>
): E | ModelError =>
  error._tag !== "ModelError" || skipped.length === 0
    ? error
    : new ModelError({
        reason: error.reason,
        skipped,
        ...(error.cause === undefined ? {} : { cause: error.cause })
      })

/** Why a model cannot take the current request, for people. Undefined if it can. */
export type Obstacle<R> = (model: ModelInfo) => Effect.Effect<string | undefined, never, R>

/** The models of a round, of which one is asked at a time. */
export class ModelChain {
  private readonly models: readonly [ModelInfo, ...ReadonlyArray<ModelInfo>]
  private current: ModelInfo

  /** A model that is listed twice counts once. */
  constructor(first: ModelInfo, others: ReadonlyArray<ModelInfo> = []) {
    const known = new Set([format(first.ref)])
    this.models = [
      first,
      ...others.filter(({ ref }) => {
        const isNew = !known.has(format(ref))
        known.add(format(ref))
        return isNew
      })
    ]
    this.current = first
  }

  /** The model that is asked now. */
  get model(): ModelInfo {
    return this.current
  }

  /** The first model, if another one is asked instead. */
  get replaced(): ModelInfo | undefined {
    return this.current === this.models[0] ? undefined : this.models[0]
  }

  /** All models but the first, in the order in which they are asked. */
  get fallbacks(): ReadonlyArray<ModelInfo> {
    return this.models.slice(1)
  }

  private get following(): ReadonlyArray<ModelInfo> {
    return this.models.slice(this.models.indexOf(this.current) + 1)
  }

  /** Whether there are models after the current one. */
  get hasMore(): boolean {
    return this.current !== this.models.at(-1)
  }

  /** Asks this model from now on. It must be one of the chain. */
  use(model: ModelInfo): void {
    this.current = model
  }

  /**
   * A chain for requests of another kind: first this model, then the current one and those that follow it. Without fallback
   * models, it has only this model.
   */
  beginningWith(model: ModelInfo): ModelChain {
    return new ModelChain(model, this.models.length === 1 ? [] : [this.current, ...this.following])
  }

  /** The next model without an obstacle, if there is one, and the models before it with their obstacles. */
  readonly next = <R>(
    obstacle: Obstacle<R>
  ): Effect.Effect<
    { readonly model: ModelInfo | undefined; readonly skipped: ReadonlyArray<SkippedModel> },
    never,
    R
  > => {
    const { following } = this
    return Effect.gen(function* () {
      const skipped: Array<SkippedModel> = []
      for (const model of following) {
        const reason = yield* obstacle(model)
        if (reason === undefined) return { model, skipped }
        skipped.push({ model: model.ref, reason })
      }
      return { model: undefined, skipped }
    })
  }
}

/**
 * The chain of a round that begins with this model. Fails if one of the fallback models is not available. The effort is that
 * of the round, if it is not the configured one.
 */
export const make = Effect.fnUntraced(function* (first: ModelInfo, effort?: Effort) {
  const refs = yield* Fallbacks
  if (refs.length === 0) return new ModelChain(first)
  const models = yield* ModelsManager
  return new ModelChain(first, yield* Effect.forEach(refs, (ref) => models.describe(ref, effort)))
})
