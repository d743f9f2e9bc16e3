import type { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import * as SessionLog from "../log/SessionLog.ts"

/** How long an unused session stays in memory. */
export const IdleSessions = Context.Reference<Duration.Input>("@parley/session/OpenSessions/IdleSessions", {
  defaultValue: () => "5 minutes"
})

/**
 * The sessions that this process uses. A session's fold is kept in memory between messages for a limited time, so that
 * the cost of the next message depends on the new events and not on the length of the history.
 */
export const make = Effect.gen(function* () {
  const sessions = yield* RcMap.make({
    lookup: (_: SessionId) =>
      Effect.map(Semaphore.make(1), (lock): { readonly lock: Semaphore.Semaphore; log?: SessionLog.SessionLog } => ({
        lock
      })),
    idleTimeToLive: yield* IdleSessions
  })

  /**
   * Runs `f` with exclusive access to the session, after reading everything that is stored. Callers in this process wait
   * for each other in order. While another process holds the session's lease, fails immediately with `SessionBusy`, and
   * nothing is stored.
   */
  const use = Effect.fnUntraced(function* <A, E, R>(
    id: SessionId,
    f: (log: SessionLog.SessionLog) => Effect.Effect<A, E, R>
  ) {
    const entry = yield* RcMap.get(sessions, id)
    const manager = yield* SessionManager
    // The lease must be released before the next caller in this process tries to acquire it.
    return yield* Effect.gen(function* () {
      const lease = yield* manager.acquire(id)
      if (entry.log === undefined || entry.log.failure() !== undefined) entry.log = yield* SessionLog.open(id, lease)
      else yield* entry.log.resume(lease)
      return yield* f(entry.log)
    }).pipe(Effect.scoped, Semaphore.withPermit(entry.lock))
  }, Effect.scoped)

  return { use }
})

export type OpenSessions = Effect.Success<typeof make>
