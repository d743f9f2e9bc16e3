import { type Effort, nearest } from "@parley/domain/Effort"
import type { ModelError } from "@parley/domain/ModelError"
import { format, type ModelRef } from "@parley/domain/ModelRef"
import { ModelsManager } from "@parley/domain/ModelsManager"
import * as Effect from "effect/Effect"
import type { Setup } from "../configuration/Setup.ts"

/**
 * The effort of a fallback model that does not take the one that the user wants.
 *
 * @since 0.1.0
 * @category models
 */
export interface AskedEffort {
  readonly model: ModelRef
  readonly wanted: Effort
  /** The effort that is asked of it. Undefined: none. */
  readonly asked: Effort | undefined
  /** Whether it is known which efforts the model takes. */
  readonly known: boolean
}

/**
 * The fallback models that get another effort than the one of the options, for a host to report before a round.
 *
 * @since 0.1.0
 * @category functions
 */
export const adjusted = Effect.fnUntraced(function* (
  setup: Pick<Setup, "config" | "effort" | "fallbacks">
): Effect.fn.Return<ReadonlyArray<AskedEffort>, ModelError, ModelsManager> {
  const { config, effort: wanted, fallbacks } = setup
  if (wanted === undefined) return []
  const models = yield* ModelsManager
  const all = yield* Effect.forEach(fallbacks, (model) =>
    Effect.map(models.describe(model), ({ efforts }): AskedEffort => ({
      model,
      wanted,
      asked: nearest(wanted, efforts ?? []) ?? config.models?.[format(model)]?.effort,
      known: efforts !== undefined
    }))
  )
  return all.filter(({ asked }) => asked !== wanted)
})
