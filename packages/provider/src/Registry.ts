import { ModelError, UnknownModel } from "@parley/domain/ModelError"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import { type ModelInfo, type ModelRequest, ModelsManager } from "@parley/domain/ModelsManager"
import type { Price } from "@parley/domain/Usage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { ModelLimits, ModelProvider } from "./ModelProvider.ts"

export interface RegistryOptions {
  /** Of two with the same id the first is used. */
  readonly providers: ReadonlyArray<ModelProvider>
  /** The model to use when none is named; without it, the first provider's own choice. */
  readonly preferred?: ModelRef
  /** By `PROVIDER/MODEL`. What is stated here stands above what a provider says. */
  readonly prices?: Readonly<Record<string, Price>>
  /** The same for how much a model reads and writes. */
  readonly models?: Readonly<Record<string, ModelLimits>>
  /** Providers that exist but cannot be used, and what to do about it ("set ANTHROPIC_API_KEY"), by id. */
  readonly unavailable?: Readonly<Record<string, string>>
}

/** A `ModelsManager` that hands each request to the provider its model names. */
export const layer = (options: RegistryOptions): Layer.Layer<ModelsManager> =>
  Layer.sync(ModelsManager, () => {
    const providers = new Map(options.providers.toReversed().map((provider) => [provider.id, provider]))
    // Maps, because a provider may be called `constructor`.
    const prices = new Map(Object.entries(options.prices ?? {}))
    const limits = new Map(Object.entries(options.models ?? {}))
    const unavailable = new Map(Object.entries(options.unavailable ?? {}))

    const configured = (): string =>
      providers.size === 0
        ? "no provider is configured"
        : `configured: ${options.providers.map((provider) => format({ provider: provider.id, model: provider.preferred })).join(", ")}`

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

    const known = (provider: ModelProvider, ref: ModelRef): ModelInfo => {
      const info = provider.describe(ref.model, limits.get(format(ref)))
      const price = prices.get(format(ref))
      return price === undefined ? info : { ...info, price }
    }
    const describe = (ref: ModelRef): Result.Result<ModelInfo, ModelError> =>
      Result.map(lookup(ref), (provider) => known(provider, ref))

    /** The request with the settings that count: what its turn began with, or else what is configured now. */
    const settled = (provider: ModelProvider, request: ModelRequest): ModelRequest => {
      if (request.settings !== undefined) return request
      const { settings } = known(provider, request.model)
      return settings === undefined ? request : { ...request, settings }
    }
    const asked = <A>(request: ModelRequest, f: (provider: ModelProvider, request: ModelRequest) => A) =>
      Result.map(lookup(request.model), (provider) => f(provider, settled(provider, request)))

    const [first] = options.providers
    const wanted = options.preferred
    const preferred: Result.Result<ModelRef, ModelError> =
      wanted !== undefined
        ? Result.map(lookup(wanted), () => wanted)
        : first === undefined
          ? Result.fail(missing(configured()))
          : Result.succeed({ provider: first.id, model: first.preferred })

    const listed = [...providers.values()]
      .toReversed()
      .flatMap((provider) => provider.models.map(({ ref }) => known(provider, ref)))
    const names = new Set(listed.map((info) => format(info.ref)))
    const extra = Result.isSuccess(preferred) && !names.has(format(preferred.success)) ? [preferred.success] : []
    const models = [
      ...listed,
      ...extra.flatMap((ref) => Result.match(describe(ref), { onSuccess: (info) => [info], onFailure: () => [] }))
    ]

    return ModelsManager.of({
      models: Effect.succeed(models),
      preferred: Effect.fromResult(preferred),
      describe: (ref) => Effect.fromResult(describe(ref)),
      stream: (request) =>
        Result.match(
          asked(request, (provider, settled) => provider.stream(settled)),
          { onSuccess: (stream) => stream, onFailure: (error) => Stream.fail(error) }
        ),
      count: (request) =>
        asked(request, (provider, settled) => provider.count?.(settled) ?? Effect.undefined).pipe(
          Effect.fromResult,
          Effect.flatten
        ),
      render: (request) => Effect.fromResult(asked(request, (provider, settled) => provider.render?.(settled)))
    })
  })
