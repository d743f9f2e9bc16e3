import { type SessionBusy, type SessionNotFound, StorageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { Lease } from "@parley/domain/Lease"
import type { LogEntry, SessionEvent } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import { damage } from "./LogCheck.ts"
import { SessionState } from "./SessionState.ts"

export type LogError = StorageError | SessionNotFound | SessionBusy

/** A session as this process holds it: the stored log, its fold, and the only way to add to both. */
export interface SessionLog {
  readonly id: SessionId
  readonly state: SessionState
  /**
   * Stores the events, then folds them: when it returns, the state holds them and all before. Numbers are given out in the
   * order of the calls, so appends may overlap and the store may group them. Not interruptible: an event that was handed over is stored or the log is broken.
   */
  readonly append: (events: ReadonlyArray<SessionEvent>) => Effect.Effect<void, LogError>
  /** Takes in what others appended, and appends with this lease from here on. */
  readonly resume: (lease: Lease) => Effect.Effect<void, LogError>
  /** The first append that failed. From then on the fold cannot be trusted: open the session again. */
  readonly failure: () => LogError | undefined
}

const damaged = (sessionId: SessionId, problem: string) =>
  new StorageError({ operation: "read", reason: "Corrupt", detail: `session ${sessionId}, ${problem}`, sessionId })

export const open = Effect.fnUntraced(function* (id: SessionId, { epoch }: Lease) {
  let current = epoch
  const sessions = yield* SessionManager
  const state = new SessionState()
  const early = new Map<number, ReadonlyArray<LogEntry>>()
  let next = 0
  let failure: LogError | undefined

  /** Appends that are stored and wait for an earlier one to be folded. */
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

  /** Folds in log order, even when the answers to overlapping appends arrive in another order. */
  const fold = (after: number, entries: ReadonlyArray<LogEntry>) => {
    early.set(after, entries)
    for (let due = early.get(state.head); due !== undefined; due = early.get(state.head)) {
      early.delete(state.head)
      for (const entry of due) state.push(entry)
    }
    wake()
  }

  const append = (events: ReadonlyArray<SessionEvent>) =>
    Effect.suspend(() => {
      // What was appended behind a failure might be stored all the same, and would not be in the state.
      if (failure !== undefined) return Effect.fail(failure)
      const after = next
      next += events.length
      return sessions.append(id, { after, epoch: current }, events).pipe(
        Effect.map((entries) => fold(after, entries)),
        Effect.andThen(folded(after + events.length)),
        Effect.andThen(Effect.suspend(() => (failure === undefined ? Effect.void : Effect.fail(failure)))),
        Effect.tapError((error) =>
          Effect.sync(() => {
            failure ??= error
            wake()
          })
        )
      )
    }).pipe(Effect.uninterruptible)

  const refresh = Effect.suspend(() => sessions.read(id, state.head)).pipe(
    Effect.flatMap((entries) => {
      const problem = state.head === 0 ? damage(entries) : undefined
      if (problem !== undefined) return Effect.fail(damaged(id, problem))
      for (const entry of entries) state.push(entry)
      next = state.head
      return Effect.void
    })
  )

  const resume = ({ epoch }: Lease) =>
    Effect.suspend(() => {
      current = epoch
      return refresh
    })

  yield* refresh
  const log: SessionLog = { id, state, append, resume, failure: () => failure }
  return log
})
