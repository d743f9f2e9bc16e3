import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"

/**
 * `SessionManager.layerMemory` with a slow disk: appends run one at a time and take this many scheduler steps each.
 * Releasing a lease takes as long.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (steps: number): Layer.Layer<SessionManager> =>
  Layer.effect(
    SessionManager,
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const disk = yield* Semaphore.make(1)
      const pause = Effect.repeat(Effect.yieldNow, { times: steps })
      return SessionManager.of({
        ...sessions,
        // Runs before the release of the lease.
        acquire: (id) => Effect.tap(sessions.acquire(id), () => Effect.addFinalizer(() => pause)),
        append: (id, at, events) =>
          pause.pipe(Effect.andThen(sessions.append(id, at, events)), Semaphore.withPermit(disk))
      })
    })
  ).pipe(Layer.provide(SessionManager.layerMemory))
