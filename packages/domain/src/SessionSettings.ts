import * as Schema from "effect/Schema"
import { Effort } from "./Effort.ts"
import { ModelRef } from "./ModelRef.ts"

const count = Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.optionalKey)
const dollars = Schema.Finite.check(Schema.isGreaterThan(0)).pipe(Schema.optionalKey)

/**
 * Limits of a session's rounds, in place of those of the host: durations in milliseconds, sizes in bytes, costs in US
 * dollars. Their meaning is that of `RoundLimits` in `@parley/session/Limits`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionLimits = Schema.Struct({
  turns: count,
  toolConcurrency: count,
  toolMillis: count,
  messageBytes: count,
  firstChunkMillis: count,
  idleMillis: count,
  turnMillis: count,
  retries: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).pipe(Schema.optionalKey),
  longestWaitMillis: count,
  roundMillis: count,
  roundTokens: count,
  roundCost: dollars,
  sessionTokens: count,
  sessionCost: dollars,
  identicalCalls: count
})
export type SessionLimits = typeof SessionLimits.Type

/**
 * What was chosen for a session. It applies to all later rounds whose messages do not name something else; whatever is
 * absent is decided by the host.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionSettings = Schema.Struct({
  model: Schema.optionalKey(ModelRef),
  effort: Schema.optionalKey(Effort),
  limits: Schema.optionalKey(SessionLimits)
})
export type SessionSettings = typeof SessionSettings.Type
