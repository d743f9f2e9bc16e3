import { SessionId, SessionIds } from "@parley/domain/Ids"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"

/**
 * Session ids `ses_1`, `ses_2`, … The clock of `it.effect` is already fixed: see `TestClock`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerIds: Layer.Layer<never> = Layer.effect(
  SessionIds,
  Effect.map(Ref.make(0), (count) =>
    Effect.map(
      Ref.updateAndGet(count, (n) => n + 1),
      (n) => SessionId.make(`ses_${n}`)
    )
  )
)
