import type { SessionId } from "./Ids.ts"
import { RoundFold, sum } from "./RoundFold.ts"
import { Session } from "./Session.ts"
import type { LogEntry } from "./SessionEvent.ts"
import * as UndoneRounds from "./UndoneRounds.ts"
import * as Usage from "./Usage.ts"

export { RoundFold } from "./RoundFold.ts"

/** What a log says of its session besides the rounds. */
const aboutOf = (entries: ReadonlyArray<LogEntry>): Pick<Session, "origin" | "settings"> => {
  const events = entries.map(({ event }) => event)
  const forked = events.findLast((event) => event._tag === "Forked")
  const chosen = events.findLast((event) => event._tag === "SettingsChosen")
  return {
    ...(forked === undefined
      ? {}
      : {
          origin: {
            sessionId: forked.origin,
            ...(forked.roundId === undefined ? {} : { roundId: forked.roundId })
          }
        }),
    ...(chosen === undefined || Object.keys(chosen.settings).length === 0 ? {} : { settings: chosen.settings })
  }
}

/**
 * Folds a log into a session. Total: every sequence of events gives a session.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEvents = (id: SessionId, log: Iterable<LogEntry>): Session => {
  const entries = Array.from(log)
  const { undone } = UndoneRounds.of(entries)
  const forked = entries.findLast(({ event }) => event._tag === "Forked")?.seq ?? 0
  const folds: Array<{ readonly fold: RoundFold; readonly copied: boolean }> = []
  for (const entry of entries) {
    const { event, seq } = entry
    if (event._tag === "RoundStarted") folds.push({ fold: new RoundFold(event, entry.at), copied: seq < forked })
    else folds.at(-1)?.fold.push(entry)
  }
  const rounds = folds.map(({ copied, fold }) =>
    fold.round(undone.has(fold.id) ? (copied ? { undone: true, copied } : { undone: true }) : copied ? { copied } : {})
  )
  const own = rounds.filter(({ copied }) => copied === undefined)
  return new Session({
    id,
    rounds,
    usage: own.reduce((usage, round) => Usage.add(usage, round.usage), Usage.zero),
    ...sum(own.map((round) => round.cost)),
    ...aboutOf(entries)
  })
}
