import { type SessionBusy, type SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { Lease } from "@parley/domain/Lease"
import { type LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import type { PostChanged, PostVersion } from "@parley/domain/Post"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { damage } from "./LogCheck.ts"
import { SessionState } from "./SessionState.ts"

/** Errors of storing events. After one of them the log accepts no more events until it is resumed. */
export type LogError = StorageError | SessionNotFound | SessionBusy

/** A session in this process: the stored log, its fold, and the only way to append to both. */
export interface SessionLog {
  readonly id: SessionId
  readonly state: SessionState
  /**
   * Stores the events, then folds them. When it returns, the state includes them and all earlier events. Sequence numbers
   * are assigned in the order of the calls, so that appends may overlap and the store may group them. Not interruptible:
   * after the call, the events are stored, or the log has a `failure`.
   */
  readonly append: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void, LogError>
  /**
   * Like `append`, and takes these posts. If one of them does not wait in this version any more, nothing is stored, and the
   * log can still be used. Waits for earlier appends, and later ones wait for it.
   */
  readonly take: (
    posts: ReadonlyArray<PostVersion>,
    events: ReadonlyArray<SessionEvent>
  ) => Effect.Effect<void, LogError | PostChanged>
  /** Reads and folds what other processes appended, and uses this lease for further appends. */
  readonly resume: (lease: Lease) => Effect.Effect<void, LogError>
  /** The error of the first failed append. After it, the fold cannot be trusted and the session must be opened again. */
  readonly failure: () => LogError | undefined
}

/** The error for a session whose log is damaged. */
export const damaged = (sessionId: SessionId, problem: string) =>
  new StorageError({ operation: "read", reason: "Corrupt", detail: `session ${sessionId}, ${problem}`, sessionId })

/** Events after which the state is computed from the whole log again. */
const rewinds = SessionEvent.isAnyOf(["RoundsUndone", "RoundsRedone"])

/** Reads a session whose lease is held. Fails with a `Corrupt` storage error if its events do not follow one another. */
export const open = Effect.fnUntraced(function* (id: SessionId, { epoch }: Lease) {
  let current = epoch
  const sessions = yield* SessionManager
  const state = new SessionState()
  const early = new Map<number, ReadonlyArray<LogEntry>>()
  let next = 0
  let failure: LogError | undefined

  /** Appends that are stored and wait until an earlier append is folded. */
  let waiting: Array<{ readonly end: number; readonly resume: () => void }> = []
  const wake = () => {
    const due = waiting.filter(({ end }) => failure !== undefined || end <= state.head)
    waiting = waiting.filter((waiter) => !due.includes(waiter))
    for (const { resume } of due) resume()
  }
  const folded = (end: number) =>
    Effect.callback<void>((resume) => {
      if (state.head >= end || failure !== undefined) resume(Effect.void)
      else waiting.push({ end, resume: () => resume(Effect.void) })
    })

  /** Folds in log order, even if overlapping appends are acknowledged in another order. */
  const fold = (after: number, entries: ReadonlyArray<LogEntry>) => {
    early.set(after, entries)
    for (let due = early.get(state.head); due !== undefined; due = early.get(state.head)) {
      early.delete(state.head)
      for (const entry of due) state.push(entry)
    }
    wake()
  }

  const fails = (error: LogError) =>
    Effect.sync(() => {
      failure ??= error
      wake()
    })
  const orFailure = Effect.suspend(() => (failure === undefined ? Effect.void : Effect.fail(failure)))
  /** Open unless posts are being taken: only then it is not known which number the next event has. */
  const turnstile = Latch.makeUnsafe(true)

  /** `earlier` is the whole log before the events, if they rewind it. */
  const store = (
    events: ReadonlyArray<SessionEvent>,
    earlier?: ReadonlyArray<LogEntry>
  ): Effect.Effect<void, LogError> =>
    Effect.suspend(() => {
      // An append after a failed one might still be stored, and would then be missing from the state.
      if (failure !== undefined) return Effect.fail(failure)
      if (!turnstile.isOpen()) return Effect.andThen(turnstile.await, append(events))
      const after = next
      next += events.length
      return sessions.append(id, { after, epoch: current }, events).pipe(
        Effect.map((entries) => {
          if (earlier === undefined) return fold(after, entries)
          state.load([...earlier, ...entries])
          return wake()
        }),
        Effect.andThen(folded(after + events.length)),
        Effect.andThen(orFailure),
        // Only an append that takes posts fails with this error.
        Effect.catchTag("PostChanged", Effect.die),
        Effect.tapError(fails)
      )
    })

  const take = (
    takes: ReadonlyArray<PostVersion>,
    events: ReadonlyArray<SessionEvent>
  ): Effect.Effect<void, LogError | PostChanged> =>
    Effect.suspend(() => {
      if (!turnstile.isOpen()) return Effect.andThen(turnstile.await, take(takes, events))
      turnstile.closeUnsafe()
      return folded(next).pipe(
        Effect.andThen(orFailure),
        Effect.andThen(Effect.suspend(() => sessions.append(id, { after: next, epoch: current, takes }, events))),
        Effect.map((entries) => {
          next += events.length
          fold(next - events.length, entries)
        }),
        Effect.tapError((error) => (error._tag === "PostChanged" ? Effect.void : fails(error))),
        Effect.ensuring(turnstile.open)
      )
    })

  /** Events that rewind the log occur only between rounds, where no append overlaps another. */
  const append = (events: ReadonlyArray<SessionEvent>): Effect.Effect<void, LogError> =>
    Effect.uninterruptible(
      events.some(rewinds) ? Effect.flatMap(sessions.read(id, 0), (earlier) => store(events, earlier)) : store(events)
    )

  const whole = Effect.suspend(() => sessions.read(id, 0)).pipe(
    Effect.flatMap((entries) => {
      const problem = damage(entries)
      if (problem !== undefined) return Effect.fail(damaged(id, problem))
      return Effect.sync(() => state.load(entries))
    })
  )

  const refresh = Effect.suspend(() => (state.head === 0 ? whole : added)).pipe(
    Effect.tap(() => Effect.sync(() => void (next = state.head)))
  )
  const added = Effect.suspend(() => sessions.read(id, state.head)).pipe(
    Effect.flatMap((entries) => {
      if (entries.some(({ event }) => rewinds(event))) return whole
      for (const entry of entries) state.push(entry)
      return Effect.void
    })
  )

  const resume = ({ epoch }: Lease) =>
    Effect.suspend(() => {
      current = epoch
      return refresh
    })

  yield* refresh
  const log: SessionLog = { id, state, append, take, resume, failure: () => failure }
  return log
})
