import { InvalidMessage, type SessionBusy, type SessionNotFound, type StorageError } from "@parley/domain/Errors"
import type { RoundId, SessionId, TurnId } from "@parley/domain/Ids"
import { endsRound, type EventOf, type LogEntry, type SessionEvent } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as LogCheck from "../log/LogCheck.ts"
import { damaged } from "../log/SessionLog.ts"
import * as SessionDifference from "../log/SessionDifference.ts"

/**
 * Where a fork begins: after a closed round, after a completed turn whose tool calls are settled, or before the first round.
 *
 * @since 0.1.0
 * @category models
 */
export type ForkPoint = RoundId | TurnId | "start"

/**
 * Options of a fork.
 *
 * @since 0.1.0
 * @category models
 */
export interface ForkOptions {
  /** Default: after everything that is stored, except a round that is still open. */
  readonly at?: ForkPoint | undefined
  /** The id of the new session, which must be new. Default: a generated id. */
  readonly id?: SessionId | undefined
}

/** How much of a log is copied, and what the copy adds to it. */
interface Plan {
  /** The number of the last entry to copy; 0 for none. */
  readonly through: number
  readonly round?: { readonly roundId: RoundId; readonly turnId?: TurnId }
}

const refuse = (problem: string) => Effect.fail(new InvalidMessage({ problem }))

const ofTools: ReadonlySet<SessionEvent["_tag"]> = new Set([
  "QuestionAsked",
  "QuestionAnswered",
  "ToolDecided",
  "ToolStarted",
  "ToolSettled",
  "OutputRejected"
])

/** The end of the last of these entries that closes a round, and that round. */
const afterRounds = (entries: ReadonlyArray<LogEntry>): Plan => {
  const last = entries.findLast(({ event }) => endsRound(event))?.event
  const through = entries.at(-1)?.seq ?? 0
  return last !== undefined && endsRound(last) ? { through, round: { roundId: last.roundId } } : { through }
}

const beforeRounds = (entries: ReadonlyArray<LogEntry>): Plan => {
  const first = entries.findIndex(({ event }) => event._tag === "RoundStarted")
  return { through: entries[first < 0 ? entries.length - 1 : first - 1]?.seq ?? 0 }
}

const unsettledOf = ({ content }: EventOf<"TurnCompleted">, after: ReadonlyArray<LogEntry>): boolean =>
  content.some(
    (block) =>
      block._tag === "ToolCall" &&
      !after.some(({ event }) => event._tag === "ToolSettled" && event.callId === block.callId)
  )

/** After a turn and the outcomes of its calls. After the last turn of a closed round, that is the end of the round. */
const afterTurn = (entries: ReadonlyArray<LogEntry>, at: number, turn: EventOf<"TurnCompleted">) => {
  const started = entries
    .slice(0, at)
    .findLast(({ event }) => event._tag === "TurnStarted" && event.turnId === turn.turnId)?.event
  if (started?._tag !== "TurnStarted") return refuse(`The session has no turn ${turn.turnId}`)
  if (started.purpose !== undefined) return refuse(`Turn ${turn.turnId} is a summary, after which no session can begin`)
  const { roundId } = started
  const next = entries.findIndex(({ event }, i) => i > at && !ofTools.has(event._tag))
  const following = next < 0 ? entries.length : next
  if (unsettledOf(turn, entries.slice(at, following)))
    return refuse(`Turn ${turn.turnId} has tool calls that are not finished; fork after it once they are`)
  const closing = entries[following]
  if (closing !== undefined && endsRound(closing.event))
    return Effect.succeed<Plan>({ through: closing.seq, round: { roundId } })
  const through = entries[following - 1]?.seq ?? 0
  return Effect.succeed<Plan>({ through, round: { roundId, turnId: turn.turnId } })
}

const plan = (entries: ReadonlyArray<LogEntry>, at: ForkPoint) => {
  if (at === "start") return Effect.succeed(beforeRounds(entries))
  for (const [i, { event, seq }] of entries.entries()) {
    if (endsRound(event) && event.roundId === at)
      return Effect.succeed<Plan>({ through: seq, round: { roundId: event.roundId } })
    if (event._tag === "TurnCompleted" && event.turnId === at) return afterTurn(entries, i, event)
  }
  const isOpen = entries.some(({ event }) => event._tag === "RoundStarted" && event.roundId === at)
  return refuse(
    isOpen
      ? `Round ${at} is still open; fork after it once it is closed, or after one of its turns`
      : `The session has no round and no completed turn ${at}`
  )
}

/** The readable part of a log: of a damaged one, what comes before the damage. */
const readable = (sessions: SessionManager["Service"], id: SessionId) =>
  sessions.read(id, 0).pipe(
    Effect.catchTag("StorageError", (error) => (error.sessionId === id ? sessions.salvage(id) : Effect.fail(error))),
    Effect.map(LogCheck.sound)
  )

/** Everything of an undamaged log, except an open round. */
const latest = Effect.fnUntraced(function* (id: SessionId) {
  const sessions = yield* SessionManager
  const entries = yield* sessions.read(id, 0)
  const problem = LogCheck.damage(entries)
  if (problem !== undefined) return yield* damaged(id, problem)
  return afterRounds(LogCheck.intact(entries))
})

/**
 * Creates a session with a copy of the log up to a point. Reads and copies only what is closed, so that the origin may be
 * running a round, in any process.
 */
export const fork = Effect.fnUntraced(function* (
  origin: SessionId,
  { at, id }: ForkOptions
): Effect.fn.Return<SessionInfo, InvalidMessage | StorageError | SessionNotFound | SessionBusy, SessionManager> {
  const sessions = yield* SessionManager
  const { round, through } =
    at === undefined ? yield* latest(origin) : yield* plan(yield* readable(sessions, origin), at)
  const forked: SessionEvent = { _tag: "Forked", origin, ...round }
  const events: ReadonlyArray<SessionEvent> =
    round?.turnId === undefined ? [forked] : [{ _tag: "RoundCancelled", roundId: round.roundId }, forked]
  return yield* sessions.fork({ origin, through, events, ...(id === undefined ? {} : { id }) })
})

/** Compares two related sessions. */
export const difference = Effect.fnUntraced(function* (left: SessionId, right: SessionId) {
  const sessions = yield* SessionManager
  const [one, other] = [yield* sessions.read(left, 0), yield* sessions.read(right, 0)]
  return (
    SessionDifference.of({ id: left, entries: one }, { id: right, entries: other }) ??
    (yield* refuse(
      `Sessions ${left} and ${right} are not related: neither was forked from the other or from the same one`
    ))
  )
})
