import type { SessionId } from "@parley/domain/Ids"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import * as SessionLog from "./SessionLog.ts"

/** How long a session that is not used stays in memory. */
export const IdleSessions = Context.Reference<Duration.Input>("@parley/session/OpenSessions/IdleSessions", {
  defaultValue: () => "5 minutes"
})

/**
 * The sessions this process works on. A session's fold is kept for a while between messages, so that the next message costs
 * what is new and not the length of the history.
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
   * Gives `f` the session alone, up to date with what is stored. Callers of this process are served in the order they
   * came; while another process has the session's lease they fail with `SessionBusy` at once, and nothing is stored.
   */
  const use = Effect.fnUntraced(function* <A, E, R>(
    id: SessionId,
    f: (log: SessionLog.SessionLog) => Effect.Effect<A, E, R>
  ) {
    const entry = yield* RcMap.get(sessions, id)
    const manager = yield* SessionManager
    // The lease is released before the next caller of this process may try to get it.
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
