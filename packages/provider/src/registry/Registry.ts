import { type Effort, nearest } from "@parley/domain/Effort"
import { ModelError, UnknownModel, Unsupported } from "@parley/domain/ModelError"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { Price } from "@parley/domain/Usage"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Catalogue from "../catalogue/Catalogue.ts"
import type { ModelLimits, ModelProvider } from "../contract/ModelProvider.ts"

/**
 * The providers of a registry, and what the user has configured for their models.
 *
 * @since 0.1.0
 * @category models
 */
export interface RegistryOptions {
  /** If two providers have the same id, the first is used. */
  readonly providers: ReadonlyArray<ModelProvider>
  /** The model to use when none is selected. Default: the preferred model of the first provider that has one. */
  readonly preferred?: ModelRef
  /** The models to ask if the preferred one is not available. */
  readonly fallbacks?: ReadonlyArray<ModelRef>
  /** Prices by `PROVIDER/MODEL`. They take precedence over the provider's and the catalogue's. */
  readonly prices?: Readonly<Record<string, Price>>
  /** Limits and efforts by `PROVIDER/MODEL`. They take precedence over the provider's. */
  readonly models?: Readonly<Record<string, ModelLimits>>
  /**
   * The effort of the preferred model. It takes precedence over that of `models`. A fallback model gets the nearest level
   * that it takes; one whose levels are not known has only the effort of `models`.
   */
  readonly effort?: Effort
  /** Providers that exist but cannot be used, and what to do about it ("set ANTHROPIC_API_KEY"), by id. */
  readonly unavailable?: Readonly<Record<string, string>>
}

const unsupported = ({ efforts = [], ref }: ModelInfo, effort: Effort): Unsupported =>
  new Unsupported({
    detail:
      efforts.length === 0
        ? `${format(ref)} takes no effort, so leave out the effort ${effort}`
        : `${format(ref)} does not take the effort ${effort}; it takes ${efforts.join(", ")}`
  })

/**
 * A model as its provider describes it, completed from the catalogue. The limits that the user configures are in `own`. The
 * catalogue's context window replaces the provider's, which is what all of its models have at least. A response limit above
 * what the model can give is lowered, because the provider would reject every request with it.
 */
const completed = (provider: ModelProvider, model: string, own: ModelLimits | undefined): Effect.Effect<ModelInfo> => {
  const info = provider.describe(model, own)
  return Effect.map(Catalogue.find(info.endpoint, model), (facts) => {
    if (facts === undefined) return info
    const isTooLong = info.maxOutput !== undefined && info.maxOutput > facts.maxOutput
    const { accepts, ...described } = provider.describe(model, {
      contextWindow: facts.contextWindow,
      ...(isTooLong ? { maxOutputTokens: facts.maxOutput } : {}),
      ...own
    })
    return {
      maxOutput: facts.maxOutput,
      ...(facts.price === undefined || described.price !== undefined
        ? {}
        : { price: Catalogue.priceFor(facts.price, described.settings), priceDate: facts.date }),
      ...described,
      description: facts.name,
      ...(accepts === undefined || !facts.input.includes("image") ? {} : { accepts })
    }
  })
}

/**
 * A `ModelsManager` that passes each request to the provider that its model names. What is known about a model comes from
 * these options, then from its provider, then from the catalogue of models, which is loaded when it is needed.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: RegistryOptions): Layer.Layer<ModelsManager> =>
  Layer.sync(ModelsManager, () => {
    const providers = new Map(options.providers.toReversed().map((provider) => [provider.id, provider]))
    // Maps, because a provider may be named `constructor`.
    const prices = new Map(Object.entries(options.prices ?? {}))
    const limits = new Map(Object.entries(options.models ?? {}))
    const unavailable = new Map(Object.entries(options.unavailable ?? {}))

    /** The preferred model of each provider that has one. */
    const choices = options.providers.flatMap(({ id, preferred }): ReadonlyArray<ModelRef> =>
      preferred === undefined ? [] : [{ provider: id, model: preferred }]
    )
    const configured = (): string =>
      choices.length === 0 ? "no provider is configured" : `configured: ${choices.map(format).join(", ")}`

    const [first] = choices
    const wanted = options.preferred
    const isPreferred = (ref: ModelRef): boolean => {
      const preferred = wanted ?? first
      return preferred !== undefined && format(preferred) === format(ref)
    }

    const missing = (detail: string): ModelError => new ModelError({ reason: new UnknownModel({ detail }) })

    const lookup = (ref: ModelRef): Result.Result<ModelProvider, ModelError> => {
      const provider = providers.get(ref.provider)
      if (provider !== undefined) return Result.succeed(provider)
      const reason = unavailable.get(ref.provider)
      return Result.fail(
        missing(
          reason === undefined
            ? `there is no provider "${ref.provider}"; ${configured()}`
            : `${format(ref)} cannot be used: ${reason}; ${configured()}`
        )
      )
    }

    const fallbacks = options.fallbacks ?? []
    const isFallback = (ref: ModelRef): boolean => fallbacks.some((one) => format(one) === format(ref))

    /** The configured limits of a model, with the effort that is asked of it: `wanted`, or else the configured one. */
    const askedOf = (
      provider: ModelProvider,
      ref: ModelRef,
      wanted?: Effort
    ): Effect.Effect<ModelLimits | undefined> => {
      const own = limits.get(format(ref))
      const effort = wanted ?? options.effort
      const isAsked = wanted === undefined ? isPreferred(ref) : isPreferred(ref) || !isFallback(ref)
      if (effort !== undefined && isAsked) return Effect.succeed({ ...own, effort })
      if (effort === undefined || !isFallback(ref)) return Effect.succeed(own)
      return Effect.map(completed(provider, ref.model, own), ({ efforts = [] }) => {
        const taken = nearest(effort, efforts)
        return taken === undefined ? own : { ...own, effort: taken }
      })
    }

    const knownAs = (
      provider: ModelProvider,
      ref: ModelRef,
      asked: ModelLimits | undefined
    ): Effect.Effect<ModelInfo> =>
      Effect.map(completed(provider, ref.model, asked), (info) => {
        const price = prices.get(format(ref))
        if (price === undefined) return info
        const { priceDate: _, ...others } = info
        return { ...others, price }
      })
    const known = (provider: ModelProvider, ref: ModelRef): Effect.Effect<ModelInfo> =>
      Effect.flatMap(askedOf(provider, ref), (asked) => knownAs(provider, ref, asked))
    const describe = (ref: ModelRef, wanted?: Effort): Effect.Effect<ModelInfo, ModelError> =>
      Effect.gen(function* () {
        const provider = yield* Effect.fromResult(lookup(ref))
        const asked = yield* askedOf(provider, ref, wanted)
        const info = yield* knownAs(provider, ref, asked)
        const effort = asked?.effort
        if (effort === undefined || info.efforts === undefined || info.efforts.includes(effort)) return info
        return yield* new ModelError({ reason: unsupported(info, effort) })
      })

    /** Adds settings to the request: those that its turn began with, or else the currently configured ones. */
    const settled = (provider: ModelProvider, request: ModelRequest): Effect.Effect<ModelRequest> =>
      request.settings !== undefined
        ? Effect.succeed(request)
        : Effect.map(known(provider, request.model), ({ settings }) =>
            settings === undefined ? request : { ...request, settings }
          )
    const asked = <A>(request: ModelRequest, f: (provider: ModelProvider, request: ModelRequest) => A) =>
      Effect.flatMap(Effect.fromResult(lookup(request.model)), (provider) =>
        Effect.map(settled(provider, request), (settled) => f(provider, settled))
      )

    const preferred: Result.Result<ModelRef, ModelError> =
      wanted !== undefined
        ? Result.map(lookup(wanted), () => wanted)
        : first === undefined
          ? Result.fail(missing(configured()))
          : Result.succeed(first)

    const listed = [...providers.values()].toReversed().flatMap(({ models }) => models.map(({ ref }) => ref))
    const names = new Set(listed.map(format))
    const named = [...(Result.isSuccess(preferred) ? [preferred.success] : []), ...fallbacks]
    const extra = named.filter((ref) => {
      const isNew = !names.has(format(ref))
      names.add(format(ref))
      return isNew
    })
    const described = Effect.forEach([...listed, ...extra], (ref) =>
      Effect.fromResult(lookup(ref)).pipe(
        Effect.flatMap((provider) => known(provider, ref)),
        Effect.option
      )
    )

    return ModelsManager.of({
      models: Effect.map(described, Arr.getSomes),
      preferred: Effect.fromResult(preferred),
      describe,
      stream: (request) => Stream.unwrap(asked(request, (provider, settled) => provider.stream(settled))),
      count: (request) =>
        Effect.flatten(asked(request, (provider, settled) => provider.count?.(settled) ?? Effect.undefined)),
      structured: (request) =>
        Effect.map(Effect.fromResult(lookup(request.model)), (provider) => {
          const wanted = limits.get(format(request.model))?.structuredOutput
          return wanted !== "tool" && (provider.structured?.(request, wanted === "native") ?? false)
        }),
      render: (request) => asked(request, (provider, settled) => provider.render?.(settled))
    })
  })
