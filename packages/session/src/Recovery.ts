import type { RoundId, SessionId } from "@parley/domain/Ids"
import * as Effect from "effect/Effect"
import * as Closing from "./Closing.ts"
import type { SessionLog } from "./SessionLog.ts"

export interface Recovered {
  readonly sessionId: SessionId
  readonly roundId: RoundId
}

/**
 * Closes a round that is open although nobody runs it. Asks no model and calls no tool; doing it twice is doing it once.
 * The caller must know that no fiber of this process runs the round.
 */
export const recover = Effect.fnUntraced(function* (log: SessionLog) {
  const { round } = log.state
  if (round === undefined || !round.open) return []
  yield* log.append(Closing.events(round, { _tag: "RoundFailed", roundId: round.id, failure: Closing.processDied }))
  return [{ sessionId: log.id, roundId: round.id } satisfies Recovered]
})
