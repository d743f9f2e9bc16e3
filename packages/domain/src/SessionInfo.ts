import * as Schema from "effect/Schema"
import { textOf } from "./Content.ts"
import { RoundId, SessionId } from "./Ids.ts"
import { endsRound, endsTurn, type LogEntry } from "./SessionEvent.ts"
import * as SessionNotes from "./SessionNotes.ts"
import * as Usage from "./Usage.ts"

/**
 * The session that a session was forked from. It may have been deleted since.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionOrigin = Schema.Struct({
  sessionId: SessionId,
  /** The last round that was copied. Absent if none was. */
  roundId: Schema.optionalKey(RoundId)
})
export type SessionOrigin = typeof SessionOrigin.Type

/**
 * The summary of a session for lists. It is a fold of the log and can always be rebuilt from it, except for what the user
 * notes about the session: see `SessionNotes`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionInfo = Schema.Struct({
  id: SessionId,
  /** The real path of the workspace; empty if the session has none. */
  workspace: Schema.String,
  title: Schema.String,
  /** Milliseconds since the epoch. */
  createdAt: Schema.Int,
  updatedAt: Schema.Int,
  /** The sequence number of the last event; 0 for a new session. */
  head: Schema.Int,
  /** All stored rounds: copied ones and undone ones count as well. */
  rounds: Schema.Int,
  /** Whether a round is open: either it is running, or its process died. */
  open: Schema.Boolean,
  usage: Usage.Usage,
  /** US dollars, summed over the turns whose price is known. Usage and cost of copied rounds count only at their origin. */
  cost: Schema.Finite,
  /** Set if the session is a fork. */
  origin: Schema.optionalKey(SessionOrigin),
  ...SessionNotes.fields
})
export type SessionInfo = typeof SessionInfo.Type

/**
 * A session without events.
 *
 * @since 0.1.0
 * @category functions
 */
export const fresh = (
  id: SessionId,
  now: number,
  options: { readonly workspace?: string | undefined; readonly title?: string | undefined }
): SessionInfo => ({
  id,
  workspace: options.workspace ?? "",
  title: options.title ?? "",
  ...(options.title === undefined || options.title === "" ? {} : { titledBy: "user" }),
  createdAt: now,
  updatedAt: now,
  head: 0,
  rounds: 0,
  open: false,
  usage: Usage.zero,
  cost: 0
})

const titleLength = 80

const titleOf = (text: string): string => {
  const line = text.trim().split(/\s+/, 40).join(" ")
  return (line.length <= titleLength ? line : `${line.slice(0, titleLength - 1)}…`).toWellFormed()
}

/**
 * One step of the fold.
 *
 * @since 0.1.0
 * @category functions
 */
export const project = (info: SessionInfo, { at, event, seq }: LogEntry): SessionInfo => {
  const next = { ...info, head: seq, updatedAt: Math.max(info.updatedAt, at) }
  if (event._tag === "RoundStarted") {
    const title = info.title === "" ? titleOf(textOf(event.request)) : info.title
    return { ...next, rounds: info.rounds + 1, open: true, title }
  }
  if (endsTurn(event))
    return { ...next, usage: Usage.add(info.usage, event.usage), cost: info.cost + (event.cost ?? 0) }
  if (event._tag === "Forked") {
    const { origin: sessionId, roundId } = event
    const origin = { sessionId, ...(roundId === undefined ? {} : { roundId }) }
    return { ...next, usage: Usage.zero, cost: 0, origin }
  }
  return endsRound(event) ? { ...next, open: false } : next
}

/**
 * The session with another title and other notes.
 *
 * @since 0.1.0
 * @category functions
 */
export const withNotes = (info: SessionInfo, noted: SessionNotes.NotedSession): SessionInfo => {
  const { archived: _archived, pinned: _pinned, tags: _tags, titledBy: _titledBy, ...rest } = info
  return { ...rest, ...noted }
}
