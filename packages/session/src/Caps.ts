import { CapReached } from "@parley/domain/Errors"
import type { ToolCall } from "@parley/domain/Content"
import type { StopReason } from "@parley/domain/ProviderChunk"
import type { RoundFold } from "@parley/domain/SessionFold"
import * as Effect from "effect/Effect"
import { Limits, type RoundLimits } from "./Limits.ts"
import type { SessionLog } from "./SessionLog.ts"

/** Fails when the round has spent what it may spend: to be asked before each request, so that no answer is thrown away. */
export const spend = (round: RoundFold | undefined, limits: RoundLimits): Effect.Effect<void, CapReached> => {
  const { roundCost, roundTokens } = limits
  const { cost, tokens } = round?.spent ?? { cost: undefined, tokens: 0 }
  if (roundTokens !== undefined && tokens >= roundTokens)
    return Effect.fail(new CapReached({ cap: "tokens", limit: roundTokens }))
  if (roundCost !== undefined && cost !== undefined && cost >= roundCost)
    return Effect.fail(new CapReached({ cap: "cost", limit: roundCost }))
  return Effect.void
}

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
