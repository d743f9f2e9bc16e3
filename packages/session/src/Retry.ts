import { type HandleMessageError, toFailure } from "@parley/domain/Errors"
import { type RoundId, turnId } from "@parley/domain/Ids"
import type { ModelErrorReason } from "@parley/domain/ModelError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { Limits } from "./Limits.ts"
import type { RetryGate } from "./RetryGate.ts"
import type { SessionLog } from "./SessionLog.ts"

/** Milliseconds before the first retry; twice as long before each one after it. Undefined: asking again changes nothing. */
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
  Refused: undefined,
  UnknownStop: undefined,
  NoAnswer: undefined
}

const baseOf = (error: HandleMessageError): number | undefined =>
  error._tag === "ModelError" ? firstWait[error.reason._tag] : undefined

/** The wait that the provider itself asked for. */
const askedFor = (error: HandleMessageError): number =>
  error._tag === "ModelError" && "retryAfterMillis" in error.reason ? (error.reason.retryAfterMillis ?? 0) : 0

/** Whether it is the provider that has too much to do, and asking it more makes that worse. */
const isBusy = (error: HandleMessageError): boolean =>
  error._tag === "ModelError" && (error.reason._tag === "RateLimited" || error.reason._tag === "Overloaded")

/**
 * Runs attempts until one succeeds, fails for good, or `Limits.retries` have been used up; then its error stands. Each
 * attempt stores a turn of its own, so the failed ones stay visible and are never sent back. The wait grows, is random in
 * its upper half so that sessions which failed together do not return together, and comes on top of what the provider
 * asked for; where the provider is the one that is too busy, the gate keeps its sessions apart. A provider that asks for
 * more than `Limits.longestWaitMillis` is not waited for. The wait can be interrupted.
 */
export const run = Effect.fnUntraced(function* <A, E extends HandleMessageError, R, E2>(options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  /** Whose retries the gate keeps apart. */
  readonly provider: string
  readonly gate: RetryGate
  readonly attempt: Effect.Effect<A, E, R>
  /** What must hold before another attempt is waited for. */
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
  return yield* Effect.retry(options.attempt, schedule)
})
