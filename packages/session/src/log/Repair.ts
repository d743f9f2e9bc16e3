import type { SessionId } from "@parley/domain/Ids"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Effect from "effect/Effect"
import * as LogCheck from "./LogCheck.ts"

/** Events per append. */
const batch = 500

/**
 * The new session, and what it lacks.
 *
 * @since 0.1.0
 * @category models
 */
export interface Repaired {
  readonly session: SessionInfo
  /** How many events of the damaged session were not copied, as far as they can be counted. */
  readonly leftBehind: number
}

/**
 * Copies the complete rounds of a damaged session, up to the round that contains the damage, into a new session. The
 * damaged session is not changed. Calls no model and no tool.
 *
 * @since 0.1.0
 * @category functions
 */
export const repair = Effect.fn("Repair.repair")(function* (id: SessionId) {
  const sessions = yield* SessionManager
  const { head, title, workspace } = yield* sessions.get(id)
  const whole = LogCheck.intact(yield* sessions.salvage(id))
  const { id: copy } = yield* sessions.create({ title, workspace })
  yield* Effect.scoped(
    Effect.flatMap(sessions.acquire(copy), ({ epoch }) =>
      Effect.forEach(
        Array.from({ length: Math.ceil(whole.length / batch) }, (_, i) => i * batch),
        (from) => {
          const events = whole.slice(from, from + batch).map(({ event }) => event)
          return Effect.catchTag(sessions.append(copy, { after: from, epoch }, events), "PostChanged", Effect.die)
        },
        { discard: true }
      )
    )
  )
  const repaired: Repaired = { session: yield* sessions.get(copy), leftBehind: head - (whole.at(-1)?.seq ?? 0) }
  return repaired
})
