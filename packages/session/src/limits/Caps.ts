import { type Cap, CapReached, PriceUnknown } from "@parley/domain/Errors"
import { format } from "@parley/domain/ModelRef"
import { type ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { inDollars, worstOf } from "./Budget.ts"
import { CompactionSettings } from "./CompactionSettings.ts"
import { Limits, type RoundLimits } from "./Limits.ts"
import * as ModelChain from "./ModelChain.ts"
import { Sampled, SinceRound } from "./SamplingUsage.ts"
import type { SessionLog } from "../log/SessionLog.ts"
import type { SessionState } from "../log/SessionState.ts"

/**
 * Fails if a cost limit is set, and the price of the model or the length of its responses is not known.
 *
 * @since 0.1.0
 * @category functions
 */
export const priced = Effect.fnUntraced(function* (model: ModelInfo) {
  if (yield* inDollars) yield* worstOf(model, 0)
})

/**
 * The same check for every model that a message or a compaction may use: the session's model and the summarising model.
 *
 * @since 0.1.0
 * @category functions
 */
export const allPriced = Effect.fn("Caps.allPriced")(function* (model: ModelInfo, purpose?: "compaction") {
  if (!(yield* inDollars)) return
  const settings = yield* CompactionSettings
  const models = yield* ModelsManager
  const other = settings.model
  if (purpose === undefined || other === undefined) yield* priced(model)
  if (other === undefined || !(settings.auto || purpose === "compaction")) return
  // A summarising model that is not available costs nothing; the problem is reported when a summary is needed.
  const summariser = yield* Effect.option(models.describe(other))
  if (Option.isSome(summariser)) yield* priced(summariser.value)
})

/**
 * The same check for all models of a chain.
 *
 * @since 0.1.0
 * @category functions
 */
export const chainPriced = Effect.fnUntraced(function* (chain: ModelChain.ModelChain, purpose?: "compaction") {
  yield* allPriced(chain.model, purpose)
  yield* Effect.forEach(chain.fallbacks, priced, { discard: true })
})

/**
 * Fails if the session has a cost limit and the cost so far is not known.
 *
 * @since 0.1.0
 * @category functions
 */
export const accountable = Effect.fnUntraced(function* ({ spent }: SessionState, { ref }: ModelInfo) {
  const { sessionCost } = yield* Limits
  const { unpricedTokens } = spent
  if (sessionCost !== undefined && unpricedTokens > 0)
    return yield* new PriceUnknown({ model: format(ref), unpricedTokens })
})

/**
 * Fails if the preferred model does not take the configured effort, if a fallback model is not available, or if cost limits
 * forbid one of them. A host may run this before it creates a session.
 *
 * @since 0.1.0
 * @category constants
 */
export const preferredPriced = Effect.gen(function* () {
  const models = yield* ModelsManager
  yield* chainPriced(yield* ModelChain.make(yield* models.describe(yield* models.preferred)))
})

/**
 * Fails with `CapReached` if the tokens of the round or the session have reached a limit. Checked before each request instead
 * of after it, so that no response is discarded. Limits in dollars are checked by `Budget.setAside`, which knows what the
 * request may cost.
 *
 * @since 0.1.0
 * @category functions
 */
export const checkUsage = Effect.fnUntraced(function* ({ round, spent }: SessionState, limits: RoundLimits) {
  const sampled = (yield* SinceRound)()
  const inAll = (yield* Sampled)?.inAll.tokens ?? 0
  const all: ReadonlyArray<readonly [Cap, limit: number | undefined, spent: number]> = [
    ["tokens", limits.roundTokens, (round?.spent.tokens ?? 0) + sampled.tokens],
    ["sessionTokens", limits.sessionTokens, spent.tokens + inAll]
  ]
  for (const [cap, limit, spent] of all)
    if (limit !== undefined && spent >= limit) return yield* new CapReached({ cap, limit })
})

/**
 * Limits the elapsed time of the round in this process. If the round was completed just before the timeout, that result is kept.
 *
 * @since 0.1.0
 * @category functions
 */
export const withinTime = <A, E, R>(effect: Effect.Effect<A, E, R>, log: SessionLog) =>
  Effect.flatMap(Limits, ({ roundMillis }) =>
    roundMillis === undefined
      ? effect
      : Effect.timeoutOrElse(effect, {
          duration: roundMillis,
          orElse: (): Effect.Effect<StopReason, CapReached> => {
            const round = log.state.round?.round()
            return round?.status === "completed" && round.stop !== undefined
              ? Effect.succeed(round.stop)
              : Effect.fail(new CapReached({ cap: "time", limit: roundMillis / 1000 }))
          }
        })
  )
