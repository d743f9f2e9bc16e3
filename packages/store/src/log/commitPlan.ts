import * as Exit from "effect/Exit"
import { SessionBusy, SessionNotFound } from "@parley/domain/Errors"
import type { PostId, SessionId, TurnId } from "@parley/domain/Ids"
import { endsRound, endsTurn, type LogEntry } from "@parley/domain/SessionEvent"
import { project, type SessionInfo } from "@parley/domain/SessionInfo"
import { changeOf, PostChanged } from "@parley/domain/Post"
import type { Append, Appended } from "./append.ts"
import type { NewEvent } from "./eventRows.ts"
import { mapKey, type StoredPost } from "./postRows.ts"
import { busy } from "../database/leases.ts"

/** A session as it was at the start of the transaction. */
export interface StoredSession {
  readonly key: number
  /** The epoch of the latest lease, and its holder. */
  readonly epoch: number
  readonly holder: string | null
  readonly info: SessionInfo
  /** The last event that is in the index for searches. */
  readonly indexed: number
}

/** The changes to a session. */
export interface PlannedSession {
  readonly key: number
  info: SessionInfo
  rows: Array<NewEvent>
  /** The last event that is in the index for searches. */
  readonly indexed: number
  /** Whether a round ends, after which its events are added to the index. */
  endsRound: boolean
  /** The turns whose deltas are in `rows`. */
  readonly streaming: Set<TurnId>
  /** The turns that ended, whose stored deltas are deleted. */
  readonly ended: Array<TurnId>
  /** The posts that are taken. */
  readonly taken: Array<PostId>
}

export interface CommitPlan {
  readonly sessions: ReadonlyArray<PlannedSession>
  /** The outcome of each append after the commit. */
  readonly outcomes: ReadonlyArray<readonly [append: Append, outcome: Appended]>
}

const extend = (session: PlannedSession, append: Append, at: number): ReadonlyArray<LogEntry> =>
  append.events.map((event, i) => {
    const entry: LogEntry = { seq: append.at.after + 1 + i, at, event }
    if (endsTurn(event)) {
      session.ended.push(event.turnId)
      // Deltas of the same group are not written at all.
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
    if (endsRound(event)) session.endsRound = true
    session.info = project(session.info, entry)
    return entry
  })

/** Marks the posts of the append as taken. If one of them cannot be taken, marks none and returns the reason. */
const take = (posts: Map<string, StoredPost>, { at: { takes = [] }, id }: Append): PostChanged | undefined => {
  const own = new Map<string, StoredPost>()
  for (const post of takes) {
    const key = mapKey(id, post)
    const change = changeOf(own.get(key) ?? posts.get(key), post.version)
    if (change !== undefined) return new PostChanged({ sessionId: id, postId: post.id, change })
    own.set(key, { state: "taken", version: post.version })
  }
  for (const [key, post] of own) posts.set(key, post)
  return undefined
}

/**
 * Decides, in the order of arrival, which appends are valid and what they write. An invalid append writes nothing and does
 * not affect the others. Later appends of the same group see earlier ones as stored.
 */
export const plan = (
  appends: ReadonlyArray<Append>,
  stored: ReadonlyMap<SessionId, StoredSession>,
  /** The posts that the appends take, by `mapKey`. */
  storedPosts: ReadonlyMap<string, StoredPost>,
  at: number
): CommitPlan => {
  const posts = new Map(storedPosts)
  const sessions = new Map<SessionId, PlannedSession>()
  const outcomes = appends.map((append): readonly [Append, Appended] => {
    const before = stored.get(append.id)
    if (before === undefined) return [append, Exit.fail(new SessionNotFound({ sessionId: append.id }))]
    const { head } = sessions.get(append.id)?.info ?? before.info
    if (append.at.epoch !== before.epoch) return [append, Exit.fail(busy(append.id, before.holder))]
    if (append.at.after !== head)
      return [
        append,
        Exit.fail(new SessionBusy({ sessionId: append.id, detail: `its log has advanced to event ${head}` }))
      ]
    const takes = append.at.takes ?? []
    if (append.events.length === 0 && takes.length === 0) return [append, Exit.succeed([])]
    const refused = take(posts, append)
    if (refused !== undefined) return [append, Exit.fail(refused)]
    const session = sessions.get(append.id) ?? {
      key: before.key,
      info: before.info,
      rows: [],
      indexed: before.indexed,
      endsRound: false,
      streaming: new Set<TurnId>(),
      ended: [],
      taken: []
    }
    sessions.set(append.id, session)
    session.taken.push(...takes.map(({ id }) => id))
    return [append, Exit.succeed(extend(session, append, at))]
  })
  return { sessions: [...sessions.values()], outcomes }
}
