import * as Exit from "effect/Exit"
import { SessionBusy, SessionNotFound } from "@parley/domain/Errors"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import { endsTurn, type LogEntry } from "@parley/domain/SessionEvent"
import { project, type SessionInfo } from "@parley/domain/SessionInfo"
import type { Append, Appended } from "./append.ts"
import type { NewEvent } from "./eventRows.ts"
import { busy } from "./leases.ts"

/** A session as it was when the transaction began. */
export interface StoredSession {
  readonly key: number
  /** Of the latest lease, and who has it. */
  readonly epoch: number
  readonly holder: string | null
  readonly info: SessionInfo
}

/** What a session becomes. */
export interface PlannedSession {
  readonly key: number
  info: SessionInfo
  rows: Array<NewEvent>
  /** Turns of which `rows` holds deltas. */
  readonly streaming: Set<TurnId>
  /** Turns that ended, whose stored deltas go. */
  readonly ended: Array<TurnId>
}

export interface CommitPlan {
  readonly sessions: ReadonlyArray<PlannedSession>
  /** How each append ends once this is committed. */
  readonly outcomes: ReadonlyArray<readonly [append: Append, outcome: Appended]>
}

const extend = (session: PlannedSession, append: Append, at: number): ReadonlyArray<LogEntry> =>
  append.events.map((event, i) => {
    const entry: LogEntry = { seq: append.at.after + 1 + i, at, event }
    if (endsTurn(event)) {
      session.ended.push(event.turnId)
      // Deltas that arrived in this same group are never written at all.
      if (session.streaming.delete(event.turnId))
        session.rows = session.rows.filter((row) => row.deltaOf !== event.turnId)
    }
    if (event._tag === "TurnDelta") session.streaming.add(event.turnId)
    session.rows.push({
      session: session.key,
      seq: entry.seq,
      at,
      body: append.bodies[i] ?? "",
      deltaOf: event._tag === "TurnDelta" ? event.turnId : null
    })
    session.info = project(session.info, entry)
    return entry
  })

/**
 * Decides, in the order of arrival, which appends hold and what they write. An append that does not hold leaves no trace
 * and does not disturb the others; one that follows another of the same group sees it as stored.
 */
export const plan = (
  appends: ReadonlyArray<Append>,
  stored: ReadonlyMap<SessionId, StoredSession>,
  at: number
): CommitPlan => {
  const sessions = new Map<SessionId, PlannedSession>()
  const outcomes = appends.map((append): readonly [Append, Appended] => {
    const before = stored.get(append.id)
    if (before === undefined) return [append, Exit.fail(new SessionNotFound({ sessionId: append.id }))]
    const { head } = sessions.get(append.id)?.info ?? before.info
    if (append.at.epoch !== before.epoch) return [append, Exit.fail(busy(append.id, before.holder))]
    if (append.at.after !== head)
      return [append, Exit.fail(new SessionBusy({ sessionId: append.id, detail: `its log moved on to event ${head}` }))]
    if (append.events.length === 0) return [append, Exit.succeed([])]
    const session = sessions.get(append.id) ?? {
      key: before.key,
      info: before.info,
      rows: [],
      streaming: new Set<TurnId>(),
      ended: []
    }
    sessions.set(append.id, session)
    return [append, Exit.succeed(extend(session, append, at))]
  })
  return { sessions: [...sessions.values()], outcomes }
}
