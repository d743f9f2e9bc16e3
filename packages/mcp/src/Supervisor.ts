import * as Effect from "effect/Effect"
import { stateOf, tell, type ToolServer } from "./ToolServer.ts"

/** Waits out the pause that a death has brought, and says whether another life is to begin. */
const begins = Effect.fnUntraced(function* (server: ToolServer) {
  const state = yield* stateOf(server)
  if (state._tag !== "Restarting") return false
  yield* Effect.sleep(state.pauseMillis)
  yield* tell(server, { _tag: "Began" })
  return true
})

/**
 * Lives one life of a server after the other, all in the same way, until it has failed for good. A pause begins when the
 * life before has been cleared away, so two lives never overlap.
 */
export const supervise = (server: ToolServer, life: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.andThen(life, begins(server)).pipe(Effect.repeat({ while: (more) => more }), Effect.asVoid)
