import type { ModelRef } from "@parley/domain/ModelRef"
import * as Context from "effect/Context"

/**
 * The models to ask, in this order, if the model of a round cannot answer: its provider is overloaded or limits the rate,
 * cannot be reached, or its quota is used up. A model is asked twice more before the next one is, if waiting may help. A
 * request moves on only as long as no part of a response to it has been stored. The rest of the round stays with the model
 * that was moved to; the next round begins with its own model again. A fallback model that cannot take the request is
 * skipped.
 *
 * A round is not accepted if one of these models is not available. Provide another value around a call or around the
 * layer. Default: none.
 *
 * @since 0.1.0
 * @category services
 */
export const Fallbacks = Context.Reference<ReadonlyArray<ModelRef>>("@parley/session/Fallbacks", {
  defaultValue: () => []
})
