import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { stateOf, tell, type ToolServer, until } from "./ToolServer.ts"

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

/**
 * The same for as long as anybody may want it started anew: that ends the life it has, if it has one, and begins again as
 * if it had never failed.
 */
export const superviseAlways = (server: ToolServer, life: Effect.Effect<void>): Effect.Effect<never> =>
  Effect.raceFirst(Effect.andThen(supervise(server, life), Effect.never), Queue.take(server.wanted)).pipe(
    // The life before may have said something of its end meanwhile.
    Effect.andThen(tell(server, { _tag: "Renewed" })),
    Effect.forever
  )

/** Has a server started anew and waits until it is ready or has failed to become it. */
export const renew = (server: ToolServer) =>
  tell(server, { _tag: "Renewed" }).pipe(
    Effect.andThen(Queue.offer(server.wanted, undefined)),
    Effect.andThen(until(server, ({ _tag }) => _tag !== "Starting"))
  )
