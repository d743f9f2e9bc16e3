import { type Cap, CapReached } from "@parley/domain/Errors"
import type { ToolCall } from "@parley/domain/Content"
import type { StopReason } from "@parley/domain/ProviderChunk"
import * as Effect from "effect/Effect"
import { Limits, type RoundLimits } from "./Limits.ts"
import type { SessionLog } from "./SessionLog.ts"
import type { SessionState } from "./SessionState.ts"

/**
 * Fails when the round, or its session, has spent what it may spend: to be asked before each request, so that no answer is
 * thrown away.
 */
export const spend = ({ round, spent }: SessionState, limits: RoundLimits): Effect.Effect<void, CapReached> => {
  const { cost, tokens } = round?.spent ?? { cost: undefined, tokens: 0 }
  const all: ReadonlyArray<readonly [Cap, limit: number | undefined, spent: number | undefined]> = [
    ["tokens", limits.roundTokens, tokens],
    ["cost", limits.roundCost, cost],
    ["sessionTokens", limits.sessionTokens, spent.tokens],
    ["sessionCost", limits.sessionCost, spent.cost]
  ]
  for (const [cap, limit, spent] of all)
    if (limit !== undefined && spent !== undefined && spent >= limit) return Effect.fail(new CapReached({ cap, limit }))
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
