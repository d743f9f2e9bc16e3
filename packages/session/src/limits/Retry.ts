import { type HandleMessageError, toFailure } from "@parley/domain/Errors"
import { type RoundId, turnId } from "@parley/domain/Ids"
import type { ModelErrorReason, SkippedModel } from "@parley/domain/ModelError"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { Limits } from "./Limits.ts"
import { askedFor, type ModelChain, type Obstacle, retriesBeforeFallback, withSkipped } from "./ModelChain.ts"
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
 *
 * If the chain has a further model that can take the request, that one is asked without a wait, after fewer retries: see
 * `Fallbacks`. It gets `Limits.retries` of its own. As soon as an attempt has stored a part of a response, the request
 * stays with its model.
 */
export const run = Effect.fnUntraced(function* <
  A,
  E extends HandleMessageError,
  R,
  E2 extends HandleMessageError,
  R2
>(options: {
  readonly log: SessionLog
  readonly roundId: RoundId
  /** The models to ask. The gate spaces out the retries of each provider. */
  readonly chain: ModelChain
  /** Why a model of the chain cannot take the request. */
  readonly obstacle: Obstacle<R2>
  readonly gate: RetryGate
  /** One attempt, which asks `chain.model`. The first has number 1. */
  readonly attempt: (attempt: number) => Effect.Effect<A, E, R>
  /** Checked before waiting for another attempt; a failure ends the retries. */
  readonly before: Effect.Effect<void, E2>
}) {
  const { chain, gate, log, roundId } = options
  const { longestWaitMillis, retries } = yield* Limits
  let attempts = 0
  /** How often the current model was asked again. */
  let again = 0
  let isShown = false
  let skipped: ReadonlyArray<SkippedModel> = []
  let fallback: ModelInfo | undefined

  /** Sets `fallback` to the model that is asked instead of the one that failed, if it is time for that. */
  const choose = Effect.fnUntraced(function* (error: E) {
    fallback = undefined
    skipped = []
    const most = retriesBeforeFallback(error)
    if (most === undefined || !chain.hasMore) return
    isShown ||= (log.state.round?.round().turns.at(-1)?.content.length ?? 0) > 0
    if (isShown || again < Math.min(most, retries)) return
    const next = yield* chain.next(options.obstacle)
    skipped = next.skipped
    fallback = next.model
  })
  const schedule = Schedule.forever.pipe(
    Schedule.setInputType<E>(),
    Schedule.while(({ input }) =>
      log.failure() !== undefined
        ? Effect.succeed(false)
        : Effect.map(
            choose(input),
            () =>
              fallback !== undefined ||
              (again < retries && baseOf(input) !== undefined && askedFor(input) <= longestWaitMillis)
          )
    ),
    Schedule.modifyDelay(({ input }) =>
      fallback !== undefined
        ? Effect.succeed(0)
        : Effect.flatMap(Random.next, (random) => {
            const longest = Math.min((baseOf(input) ?? 0) * 2 ** again, longestWaitMillis)
            const wait = askedFor(input) + Math.ceil((longest * (1 + random)) / 2)
            return isBusy(input) ? gate.reserve(chain.model.ref.provider, wait) : Effect.succeed(wait)
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
          failure: toFailure(input),
          ...(fallback === undefined ? {} : { model: fallback.ref }),
          ...(fallback === undefined || skipped.length === 0 ? {} : { skipped })
        }
      ])
    ),
    Schedule.tap(() =>
      Effect.sync(() => {
        again = fallback === undefined ? again + 1 : 0
        if (fallback !== undefined) chain.use(fallback)
      })
    )
  )
  const attempt = Effect.suspend(() => options.attempt(++attempts))
  return yield* Effect.retry(attempt, schedule).pipe(Effect.mapError((error) => withSkipped(error, skipped)))
})
