import { textOf } from "@parley/domain/Content"
import { RoundId, SessionId } from "@parley/domain/Ids"
import { Round } from "@parley/domain/Session"
import type { LogEntry } from "@parley/domain/SessionEvent"
import { fromEvents } from "@parley/domain/SessionFold"
import * as Schema from "effect/Schema"

const RoundSummary = Schema.Struct({
  roundId: RoundId,
  /** The text of the message. */
  message: Schema.String,
  status: Round.fields.status,
  undone: Round.fields.undone
})

const Side = Schema.Struct({
  sessionId: SessionId,
  /** The rounds after the common events. */
  rounds: Schema.Array(RoundSummary)
})

/**
 * What two related sessions have in common, and the rounds that only one of them has. Sessions are related if one was forked
 * from the other, directly or not, or if both were forked from the same one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionDifference = Schema.Struct({
  common: Schema.Struct({
    /** The number of the last common event. */
    through: Schema.Int,
    /** The rounds of which both sessions have all events. */
    rounds: Schema.Array(RoundId)
  }),
  left: Side,
  right: Side
})
export type SessionDifference = typeof SessionDifference.Type

/** The sessions that a log was written in, and how far: the ends of copied parts, then the session itself. */
const lineage = (id: SessionId, entries: ReadonlyArray<LogEntry>): ReadonlyMap<SessionId, number> => {
  const until = new Map<SessionId, number>()
  let before: LogEntry | undefined
  let cancelled: LogEntry | undefined
  for (const entry of entries) {
    const { event } = entry
    if (event._tag === "Forked") {
      // A fork within a round closes its copy of the round itself.
      const own = event.turnId === undefined ? before : cancelled
      until.set(event.origin, own?.seq ?? 0)
    }
    if (event._tag === "RoundCancelled") cancelled = before
    before = entry
  }
  return until.set(id, Number.POSITIVE_INFINITY)
}

const summaryOf = ({ id: roundId, request, status, undone }: Round): typeof RoundSummary.Type => {
  const summary = { roundId, message: textOf(request), status }
  return undone === undefined ? summary : { ...summary, undone }
}

const sideOf = (id: SessionId, entries: ReadonlyArray<LogEntry>, common: ReadonlySet<RoundId>) => ({
  sessionId: id,
  rounds: fromEvents(id, entries)
    .rounds.filter((round) => !common.has(round.id))
    .map(summaryOf)
})

/** Compares two logs by their origins; undefined if they have none in common. */
export const of = (
  left: { readonly id: SessionId; readonly entries: ReadonlyArray<LogEntry> },
  right: { readonly id: SessionId; readonly entries: ReadonlyArray<LogEntry> }
): SessionDifference | undefined => {
  const [one, other] = [lineage(left.id, left.entries), lineage(right.id, right.entries)]
  const ends = [...one].flatMap(([id, until]) => {
    const there = other.get(id)
    return there === undefined ? [] : [Math.min(until, there)]
  })
  if (ends.length === 0) return undefined
  const end = Math.max(...ends)
  const shared = left.entries.filter(({ seq }) => seq <= end)
  const rounds = fromEvents(left.id, shared)
    .rounds.filter(({ status }) => status !== "running")
    .map(({ id }) => id)
  const known = new Set(rounds)
  return {
    common: { through: shared.at(-1)?.seq ?? 0, rounds },
    left: sideOf(left.id, left.entries, known),
    right: sideOf(right.id, right.entries, known)
  }
}
