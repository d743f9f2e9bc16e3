import type { SessionId } from "@parley/domain/Ids"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import * as SessionLog from "./SessionLog.ts"

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
    idleTimeToLive: "5 minutes"
  })

  /** Gives `f` the session alone, up to date with what is stored. Callers are served in the order they came. */
  const use = Effect.fnUntraced(function* <A, E, R>(
    id: SessionId,
    f: (log: SessionLog.SessionLog) => Effect.Effect<A, E, R>
  ) {
    const entry = yield* RcMap.get(sessions, id)
    return yield* Effect.gen(function* () {
      if (entry.log === undefined || entry.log.broken()) entry.log = yield* SessionLog.open(id)
      else yield* entry.log.refresh
      return yield* f(entry.log)
    }).pipe(Semaphore.withPermit(entry.lock))
  }, Effect.scoped)

  return { use }
})
