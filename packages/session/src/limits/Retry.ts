import { type HandleMessageError, toFailure } from "@parley/domain/Errors"
import { type RoundId, turnId } from "@parley/domain/Ids"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { Limits } from "./Limits.ts"
import type { RetryGate } from "./RetryGate.ts"
import type { SessionLog } from "../log/SessionLog.ts"

/** Milliseconds before the first retry; the wait doubles with each further retry. Undefined: a retry would not help. */
const firstWait: { readonly [Tag in ModelErrorReason["_tag"]]: number | undefined } = {
  RateLimited: 1000,
  Overloaded: 2000,
  Unreachable: 1000,
  StreamBroken: 1000,
  Stalled: 1000,
  QuotaExhausted: undefined,
  Unauthorized: undefined,
  InvalidRequest: undefined,
  ContextOverflow: undefined,
  UnknownModel: undefined,
  Unsupported: undefined,
  Refused: undefined,
  UnknownStop: undefined,
  NoAnswer: undefined
}

const baseOf = (error: HandleMessageError): number | undefined =>
  error._tag === "ModelError" ? firstWait[error.reason._tag] : undefined

/** The wait that the provider requested, in milliseconds. */
const askedFor = (error: HandleMessageError): number =>
  error._tag === "ModelError" && "retryAfterMillis" in error.reason ? (error.reason.retryAfterMillis ?? 0) : 0

/** Whether the provider is overloaded, so that more requests would make it worse. */
const isBusy = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && (error.reason._tag === "RateLimited" || error.reason._tag === "Overloaded")

/**
 * Runs attempts until one succeeds or fails permanently, or `Limits.retries` are used up; the last error is then the
 * result. Each attempt stores its own turn, so that failed attempts stay visible; later requests do not contain them. The
 * wait doubles each time. A random share of up to one half is subtracted, so that sessions that failed together do not
 * retry together, and the wait that the provider requested is added. If the provider is overloaded, the gate additionally
 * spaces the retries of all sessions. If the provider requests a wait of more than `Limits.longestWaitMillis`, there is
 * no retry. The wait can be interrupted.
 */
export const run = Effect.fnUntraced(function* <A, E extends HandleMessageError, R, E2>(options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  /** The provider whose retries the gate spaces out. */
  readonly provider: string
  readonly gate: RetryGate
  /** One attempt. The first has number 1. */
  readonly attempt: (attempt: number) => Effect.Effect<A, E, R>
  /** Checked before waiting for another attempt; a failure ends the retries. */
  readonly before: Effect.Effect<void, E2>
}) {
  const { gate, log, provider, roundId } = options
  const { longestWaitMillis, retries } = yield* Limits
  const schedule = Schedule.recurs(retries).pipe(
    Schedule.setInputType<E>(),
    Schedule.while(({ input }) =>
      Effect.succeed(baseOf(input) !== undefined && askedFor(input) <= longestWaitMillis && log.failure() === undefined)
    ),
    Schedule.modifyDelay(({ attempt, input }) =>
      Effect.flatMap(Random.next, (random) => {
        const longest = Math.min((baseOf(input) ?? 0) * 2 ** (attempt - 1), longestWaitMillis)
        const wait = askedFor(input) + Math.ceil((longest * (1 + random)) / 2)
        return isBusy(input) ? gate.reserve(provider, wait) : Effect.succeed(wait)
      })
    ),
    Schedule.tap(() => options.before),
    Schedule.tap(({ attempt, duration, input }) =>
      log.append([
        {
          _tag: "RetryScheduled",
          roundId,
          turnId: turnId(roundId, log.state.round?.turnCount ?? 0),
          attempt,
          delayMillis: Duration.toMillis(duration),
          failure: toFailure(input)
        }
      ])
    )
  )
  let attempts = 0
  const attempt = Effect.suspend(() => options.attempt(++attempts))
  return yield* Effect.retry(attempt, schedule)
})
