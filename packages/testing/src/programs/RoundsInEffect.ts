import type { RoundId } from "@parley/domain/Ids"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { Violations } from "../invariants/Known.ts"

/** What a log says of undone rounds, derived without any of the engine's code. */
export interface InEffect {
  /** The rounds in effect at the end, oldest first. */
  readonly rounds: ReadonlyArray<RoundId>
  /** For each round, those that were in effect when it started. */
  readonly before: ReadonlyMap<RoundId, ReadonlyArray<RoundId>>
  /** Undos of other rounds than the last ones, and redos of nothing. */
  readonly violations: Violations
}

/**
 * Reads a log as a list of lists: an undo shortens the list, a redo restores the one before, and a round that starts makes
 * all earlier ones unreachable.
 *
 * @since 0.1.0
 * @category functions
 */
export const of = (log: ReadonlyArray<LogEntry>): InEffect => {
  const before = new Map<RoundId, ReadonlyArray<RoundId>>()
  const violations: Array<string> = []
  let rounds: ReadonlyArray<RoundId> = []
  let earlier: Array<ReadonlyArray<RoundId>> = []
  for (const { event, seq } of log) {
    if (event._tag === "RoundStarted") {
      before.set(event.roundId, rounds)
      rounds = rounds.concat(event.roundId)
      earlier = []
    }
    if (event._tag === "RoundsUndone") {
      const last = rounds.slice(-event.rounds.length)
      if (last.join() !== event.rounds.join())
        violations.push(`${event.rounds.join()} are undone at ${seq}, and the last rounds are ${last.join()}`)
      earlier.push(rounds)
      rounds = rounds.slice(0, -event.rounds.length)
    }
    if (event._tag === "RoundsRedone") {
      const restored = earlier.pop()
      if (restored === undefined) violations.push(`nothing is redone at ${seq}`)
      rounds = restored ?? rounds
    }
  }
  return { rounds, before, violations }
}
