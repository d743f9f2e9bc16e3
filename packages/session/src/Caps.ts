import { type Cap, CapReached, PriceUnknown } from "@parley/domain/Errors"
import type { ToolCall } from "@parley/domain/Content"
import { format } from "@parley/domain/ModelRef"
import { type ModelInfo, ModelsManager } from "@parley/domain/ModelsManager"
import type { StopReason } from "@parley/domain/ProviderChunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CompactionSettings } from "./CompactionSettings.ts"
import { Limits, type RoundLimits } from "./Limits.ts"
import { Sampled, SinceRound } from "./Sampled.ts"
import type { SessionLog } from "./SessionLog.ts"
import type { SessionState } from "./SessionState.ts"

/** Whether a limit in dollars is set. */
export const inDollars = ({ roundCost, sessionCost }: RoundLimits): boolean =>
  roundCost !== undefined || sessionCost !== undefined

/** Fails when a limit in dollars is set and the price of the model is not known. */
export const priced = Effect.fnUntraced(function* ({ price, ref }: ModelInfo) {
  if (price === undefined && inDollars(yield* Limits)) return yield* new PriceUnknown({ model: format(ref) })
})

/** The same of all that a message, or a wish to compact, may ask: the model, and the one that sums up. */
export const allPriced = Effect.fn("Caps.allPriced")(function* (model: ModelInfo, purpose?: "compaction") {
  if (!inDollars(yield* Limits)) return
  const settings = yield* CompactionSettings
  const models = yield* ModelsManager
  const other = settings.model
  if (purpose === undefined || other === undefined) yield* priced(model)
  if (other === undefined || !(settings.auto || purpose === "compaction")) return
  // One that cannot be asked spends nothing; what is wrong with it is told when it is needed.
  const summariser = yield* Effect.option(models.describe(other))
  if (Option.isSome(summariser)) yield* priced(summariser.value)
})

/** Fails when the session has a limit in dollars, and what it has spent so far is not known. */
export const accountable = Effect.fnUntraced(function* ({ spent }: SessionState, { ref }: ModelInfo) {
  const { sessionCost } = yield* Limits
  const { unpricedTokens } = spent
  if (sessionCost !== undefined && unpricedTokens > 0)
    return yield* new PriceUnknown({ model: format(ref), unpricedTokens })
})

/** What a host may ask before it makes a session: whether the preferred model may be asked at all. */
export const preferredPriced = Effect.gen(function* () {
  if (!inDollars(yield* Limits)) return
  const models = yield* ModelsManager
  yield* allPriced(yield* models.describe(yield* models.preferred))
})

/**
 * Fails when the round, or its session, has spent what it may spend: to be asked before each request, so that no answer is
 * thrown away.
 */
export const spend = Effect.fnUntraced(function* ({ round, spent }: SessionState, limits: RoundLimits) {
  const { cost, tokens } = round?.spent ?? { cost: undefined, tokens: 0 }
  const sampled = (yield* SinceRound)()
  const inAll = (yield* Sampled)?.inAll ?? { tokens: 0, cost: 0 }
  const all: ReadonlyArray<readonly [Cap, limit: number | undefined, spent: number]> = [
    ["tokens", limits.roundTokens, tokens + sampled.tokens],
    ["cost", limits.roundCost, (cost ?? 0) + sampled.cost],
    ["sessionTokens", limits.sessionTokens, spent.tokens + inAll.tokens],
    ["sessionCost", limits.sessionCost, spent.cost + inAll.cost]
  ]
  for (const [cap, limit, spent] of all)
    if (limit !== undefined && spent >= limit) return yield* new CapReached({ cap, limit })
})

/** Bounds the round's wall time. A round that was closed at the last moment has ended as it was closed. */
export const withinTime = <E, R>(effect: Effect.Effect<StopReason, E, R>, log: SessionLog) =>
  Effect.flatMap(Limits, ({ roundMillis }) =>
    roundMillis === undefined
      ? effect
      : Effect.timeoutOrElse(effect, {
          duration: roundMillis,
          orElse: () => {
            const round = log.state.round?.round()
            return round?.status === "completed" && round.stop !== undefined
              ? Effect.succeed(round.stop)
              : Effect.fail(new CapReached({ cap: "time", limit: roundMillis / 1000 }))
          }
        })
  )

/** Counts how often a round asks for the very same thing: a model that goes in circles does not notice it itself. */
export class CallCounts {
  private readonly counts = new Map<string, number>()
  private most = 0

  add(calls: ReadonlyArray<ToolCall>): void {
    for (const { input, name } of calls) {
      const key = `${name} ${input}`
      const count = (this.counts.get(key) ?? 0) + 1
      this.counts.set(key, count)
      this.most = Math.max(this.most, count)
    }
  }

  over({ identicalCalls }: RoundLimits): boolean {
    return this.most > identicalCalls
  }
}
