import type * as Exit from "effect/Exit"
import type { SessionBusy, SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { SessionId, TurnId } from "@parley/domain/Ids"
import type { WriteAt } from "@parley/domain/Lease"
import type { PostChanged } from "@parley/domain/Post"
import { type LogEntry, needsBarrier, type SessionEvent } from "@parley/domain/SessionEvent"

export type AppendError = StorageError | SessionNotFound | SessionBusy | PostChanged
export type Appended = Exit.Exit<ReadonlyArray<LogEntry>, AppendError>

/** One pending call of `SessionManager.append`. */
export interface Append {
  readonly id: SessionId
  readonly at: WriteAt
  readonly events: ReadonlyArray<SessionEvent>
  /** The encoded events, as they are stored. */
  readonly bodies: ReadonlyArray<string>
  /** The turn, if all events are deltas of one turn. Only such an append may wait for others. */
  readonly deltasOf: TurnId | undefined
  readonly needsBarrier: boolean
  /** Completes the caller's wait. Only the first call has an effect. */
  readonly settle: (exit: Appended) => void
  /** Whether the caller was interrupted. Then nothing is stored, unless the commit has already begun. */
  abandoned: boolean
}

const deltasOf = (events: ReadonlyArray<SessionEvent>): TurnId | undefined => {
  const [first] = events
  return first?._tag === "TurnDelta" &&
    events.every((event) => event._tag === "TurnDelta" && event.turnId === first.turnId)
    ? first.turnId
    : undefined
}

const takesAny = ({ takes = [] }: WriteAt): boolean => takes.length > 0

export const make = (
  id: SessionId,
  at: WriteAt,
  events: ReadonlyArray<SessionEvent>,
  bodies: ReadonlyArray<string>,
  settle: Append["settle"]
): Append => ({
  id,
  at,
  events,
  bodies,
  deltasOf: takesAny(at) ? undefined : deltasOf(events),
  needsBarrier: takesAny(at) || events.some(needsBarrier),
  settle,
  abandoned: false
})
