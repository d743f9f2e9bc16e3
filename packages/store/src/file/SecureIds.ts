import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SessionId, SessionIds } from "@parley/domain/Ids"
import { randomDigits } from "./randomBytes.ts"

const time = (millis: number): string => Math.max(0, millis).toString(32).padStart(9, "0")

/**
 * Generates unguessable session ids: `ses_`, nine digits of the time in milliseconds, and eighteen digits (90 bits) from the
 * operating system's random generator, all in base 32. Sorted as text, they are in order of creation, to the millisecond.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never> = Layer.succeed(
  SessionIds,
  Effect.map(Clock.currentTimeMillis, (now) => SessionId.make(`ses_${time(now)}${randomDigits(18)}`))
)
