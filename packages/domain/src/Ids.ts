import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"

/** One conversation. Unique among all sessions of a store. */
export const SessionId = Schema.NonEmptyString.pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type

/** `r<n>`, counted from 1 within its session: the same log gives the same ids on any machine. */
export const RoundId = Schema.NonEmptyString.pipe(Schema.brand("RoundId"))
export type RoundId = typeof RoundId.Type

/** `<round>t<n>`, counted from 1 within its round; a retry is a new turn. */
export const TurnId = Schema.NonEmptyString.pipe(Schema.brand("TurnId"))
export type TurnId = typeof TurnId.Type

/** `<turn>c<n>`, counted from 1 within its turn. Ours, never the provider's: unique and legal in every request. */
export const CallId = Schema.NonEmptyString.pipe(Schema.brand("CallId"))
export type CallId = typeof CallId.Type

/** Chosen by a client; the same id sent again names the same round. */
export const RequestId = Schema.NonEmptyString.pipe(Schema.brand("RequestId"))
export type RequestId = typeof RequestId.Type

export const roundId = (ordinal: number): RoundId => RoundId.make(`r${ordinal}`)
export const turnId = (round: RoundId, ordinal: number): TurnId => TurnId.make(`${round}t${ordinal}`)
export const callId = (parent: TurnId | RoundId, ordinal: number): CallId => CallId.make(`${parent}c${ordinal}`)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const digits = (value: number, length: number): string => {
  let text = ""
  for (let rest = value, i = 0; i < length; i++, rest = Math.floor(rest / 32)) text = alphabet[rest % 32] + text
  return text
}

/** Where new session ids come from: `ses_`, then a time-ordered part, then a random part, from `Clock` and `Random`. */
export const SessionIds = Context.Reference<Effect.Effect<SessionId>>("@parley/domain/SessionIds", {
  defaultValue: () =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const parts = yield* Effect.replicateEffect(Random.nextIntBetween(0, 2 ** 25 - 1), 3)
      return SessionId.make(`ses_${digits(now, 9)}${parts.map((part) => digits(part, 5)).join("")}`)
    })
})
