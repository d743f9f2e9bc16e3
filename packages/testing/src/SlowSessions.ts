import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"

/**
 * `SessionManager.layerMemory` whose appends take this many scheduler steps each, one after another as a disk takes them:
 * what arrives meanwhile has to wait.
 */
export const layer = (steps: number): Layer.Layer<SessionManager> =>
  Layer.effect(
    SessionManager,
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const disk = yield* Semaphore.make(1)
      return SessionManager.of({
        ...sessions,
        append: (id, at, events) =>
          Effect.repeat(Effect.yieldNow, { times: steps }).pipe(
            Effect.andThen(sessions.append(id, at, events)),
            Semaphore.withPermit(disk)
          )
      })
    })
  ).pipe(Layer.provide(SessionManager.layerMemory))
