import type { RoundId } from "./Ids.ts"
import type { LogEntry } from "./SessionEvent.ts"

/**
 * Which events of a log are in effect. An undone round is taken out of what requests are computed from, with all of its
 * events. Changes that the user made between rounds stay, except the undoing of a compaction that an undone round had made.
 *
 * @since 0.1.0
 * @category models
 */
export interface UndoneRounds {
  /** The rounds that are undone. */
  readonly undone: ReadonlySet<RoundId>
  /** The rounds that `RoundsRedone` would bring back. */
  readonly redoable: ReadonlyArray<RoundId> | undefined
  /** Whether the entry is in effect. */
  readonly includes: (entry: LogEntry) => boolean
}

/** An undo that can still be taken back, and the rounds of the compactions in effect before it. */
interface Step {
  readonly rounds: ReadonlyArray<RoundId>
  readonly compactions: Array<RoundId>
}

const nothing: UndoneRounds = { undone: new Set(), redoable: undefined, includes: () => true }

/**
 * Reads a whole log, or the beginning of one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (entries: ReadonlyArray<LogEntry>): UndoneRounds => {
  if (!entries.some(({ event }) => event._tag === "RoundsUndone")) return nothing
  const undone = new Set<RoundId>()
  /** The round of each entry; for `CompactionUndone`, the round of that compaction. */
  const roundOf = new Map<number, RoundId>()
  let round: RoundId | undefined
  const steps: Array<Step> = []
  /** The rounds of the compactions in effect, oldest first. */
  let compactions: Array<RoundId> = []
  for (const { event, seq } of entries) {
    if (event._tag === "RoundStarted") round = event.roundId
    if (round !== undefined) roundOf.set(seq, round)
    switch (event._tag) {
      case "RoundStarted":
        steps.length = 0
        break
      case "RoundCompleted":
      case "RoundFailed":
      case "RoundCancelled":
        round = undefined
        break
      case "ContextCompacted":
        compactions.push(event.roundId)
        break
      case "CompactionUndone": {
        const target = compactions.pop()
        if (target !== undefined) roundOf.set(seq, target)
        // Bringing back a later compaction would make it the latest, and this event would then undo that one.
        steps.length = 0
        break
      }
      case "RoundsUndone":
        steps.push({ rounds: event.rounds, compactions: compactions.slice() })
        compactions = compactions.filter((id) => !event.rounds.includes(id))
        for (const id of event.rounds) undone.add(id)
        break
      case "RoundsRedone": {
        const step = steps.pop()
        if (step !== undefined) compactions = step.compactions
        for (const id of step?.rounds ?? []) undone.delete(id)
        break
      }
    }
  }
  return {
    undone,
    redoable: steps.at(-1)?.rounds,
    includes: ({ seq }) => {
      const id = roundOf.get(seq)
      return id === undefined || !undone.has(id)
    }
  }
}

/**
 * The entries that are in effect: those from which the next request is computed.
 *
 * @since 0.1.0
 * @category functions
 */
export const inEffect = (entries: ReadonlyArray<LogEntry>): ReadonlyArray<LogEntry> =>
  entries.filter(of(entries).includes)
