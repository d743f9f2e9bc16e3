import type { ModelError } from "@parley/domain/ModelError"
import * as Http from "@parley/http/Http"
import type { DiscoveredModel } from "@parley/provider/ModelProvider"
import * as Providers from "@parley/provider/Providers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Result from "effect/Result"
import type { Setup } from "../configuration/Setup.ts"
import { UsageError } from "../errors/UsageError.ts"

export type { DiscoveredModel }

/**
 * The models that a provider's server has, or why they are not known.
 *
 * @since 0.1.0
 * @category models
 */
export interface Discovered {
  readonly provider: string
  /** `None` if the server did not answer in time. */
  readonly models: Result.Result<ReadonlyArray<DiscoveredModel>, Option.Option<ModelError>>
}

/** What is needed of a setup to ask its providers. */
type Asked = Pick<Setup, "providers"> & { readonly user: Pick<Setup["user"], "configFile"> }

/** How long a server may take to list its models. */
const patience = "10 seconds"

/**
 * Asks the servers of these providers for their models; without names, those of all providers that can be asked.
 *
 * @since 0.1.0
 * @category functions
 */
export const discover = Effect.fn("Discovery.discover")(function* (setup: Asked, names: ReadonlyArray<string>) {
  const http = yield* Http.Client
  const loaded = yield* Effect.promise(() => Providers.load(setup.providers, http))
  const askable = loaded.flatMap(({ discover, id }) => (discover === undefined ? [] : [{ discover, id }]))
  const unknown = names.find((name) => !askable.some(({ id }) => id === name))
  if (unknown !== undefined) {
    const advice = Providers.unavailable(setup.providers, setup.user.configFile)[unknown]
    return yield* new UsageError({
      problem: `${unknown} cannot be asked for its models${advice === undefined ? "" : `: ${advice}`}; those that can: ${askable.map(({ id }) => id).join(", ")}`
    })
  }
  return yield* Effect.forEach(
    askable.filter(({ id }) => names.length === 0 || names.includes(id)),
    ({ discover, id }) =>
      discover.pipe(
        Effect.mapError(Option.some),
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(Option.none<ModelError>()) }),
        Effect.result,
        Effect.map((models): Discovered => ({ provider: id, models }))
      ),
    { concurrency: "unbounded" }
  )
})
