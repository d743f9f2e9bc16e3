import * as Http from "@parley/http/Http"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import * as Providers from "@parley/provider/Providers"
import { change, defaults } from "@parley/session/Limits"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { limitsOf } from "../configuration/LimitSettings.ts"
import type { Setup } from "../configuration/Setup.ts"

// A command loads only what it uses: packages with large dependencies are imported when their layer is built.

/**
 * Idle limits of the HTTP client for requests to models, in milliseconds. They are longer than a round waits, so that the
 * limits of the round apply first.
 *
 * @since 0.1.0
 * @category functions
 */
export const silence = (limits: Setup["limits"]) => {
  const { firstChunkMillis, idleMillis } = change(defaults, limitsOf(limits))
  const longest = Math.max(firstChunkMillis, idleMillis)
  return { headersMillis: longest + 60_000, idleMillis: longest + 60_000 }
}

/**
 * What a user can do to get a real model.
 *
 * @since 0.1.0
 * @category constants
 */
export const realModel = `set one of ${Providers.keyVariables.join(", ")}, or start a local server that \`parley models discover\` finds`

const howToConfigure = `For a real model, ${realModel}.`

/**
 * The part of a setup that models need.
 *
 * @since 0.1.0
 * @category models
 */
export type ModelSetup = Pick<Setup, "providers" | "model" | "fallbacks" | "effort" | "limits"> & {
  readonly user: Pick<Setup["user"], "configFile">
  readonly config: Pick<Setup["config"], "prices" | "models">
}

/**
 * The models that the configuration gives access to. The demo model is always included. `using` replaces the HTTP client.
 *
 * @since 0.1.0
 * @category functions
 */
export const models = (
  setup: ModelSetup,
  using: (client: Http.HttpClient) => Http.HttpClient = (client) => client
): Layer.Layer<ModelsManager> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const client = using(yield* Http.Client)
      const http = { ...client, fetch: client.within(silence(setup.limits)) }
      const [Registry, Demo, providers] = yield* Effect.promise(() =>
        Promise.all([
          import("@parley/provider/Registry"),
          import("@parley/provider/Demo"),
          Providers.load(setup.providers, http)
        ])
      )
      const { config } = setup
      return Registry.layer({
        providers: [...providers, Demo.make({ howToConfigure })],
        unavailable: Providers.unavailable(setup.providers, setup.user.configFile),
        ...(setup.model === undefined ? {} : { preferred: setup.model }),
        fallbacks: setup.fallbacks,
        ...(setup.effort === undefined ? {} : { effort: setup.effort }),
        ...(config.prices === undefined ? {} : { prices: config.prices }),
        ...(config.models === undefined ? {} : { models: config.models })
      })
    })
  )
