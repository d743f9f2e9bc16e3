import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { stateOf, dispatch, type ToolServer, until } from "./ToolServer.ts"

/** Waits for the pause after a death, and returns whether the server is to be restarted. */
const begins = Effect.fnUntraced(function* (server: ToolServer) {
  const state = yield* stateOf(server)
  if (state._tag !== "Restarting") return false
  yield* Effect.sleep(state.pauseMillis)
  yield* dispatch(server, { _tag: "Began" })
  return true
})

/**
 * Runs a server again and again until it has finally failed. A pause begins when the processes of the previous run have been
 * ended, so two runs never overlap.
 */
export const supervise = (server: ToolServer, life: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.andThen(life, begins(server)).pipe(Effect.repeat({ while: (more) => more }), Effect.asVoid)

/**
 * The same, but continues after a final failure, because a user may request a restart. A restart ends the current run, if
 * there is one, and begins again as if the server had never failed.
 */
export const superviseAlways = (server: ToolServer, life: Effect.Effect<void>): Effect.Effect<never> =>
  Effect.raceFirst(Effect.andThen(supervise(server, life), Effect.never), Queue.take(server.wanted)).pipe(
    // Sent again, because the previous run may have recorded its end in the meantime.
    Effect.andThen(dispatch(server, { _tag: "Renewed" })),
    Effect.forever
  )

/** Restarts a server and waits until it is ready or has failed. */
export const renew = (server: ToolServer) =>
  dispatch(server, { _tag: "Renewed" }).pipe(
    Effect.andThen(Queue.offer(server.wanted, undefined)),
    Effect.andThen(until(server, ({ _tag }) => _tag !== "Starting"))
  )
