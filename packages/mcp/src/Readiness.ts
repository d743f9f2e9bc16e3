import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ServerDown } from "./internal/ChildServer.ts"
import { plainLine } from "./PlainText.ts"
import type { ServerState } from "./ServerState.ts"
import { whyNotReady } from "./StateWords.ts"
import { stateOf, type ToolServer, until } from "./ToolServer.ts"

export type Ready = Extract<ServerState, { readonly _tag: "Ready" }>

/** The value of an effect, if it has one before the time, in milliseconds, is over. */
export const before = <A, E, R>(time: number, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.timeoutOption(effect, Math.max(0, time - now)))

const isComing = ({ _tag }: ServerState): boolean => _tag === "Starting" || _tag === "Restarting"

/** Waits for a server that may yet become ready. Fails with words for whoever wanted to call it. */
export const readyBy = Effect.fnUntraced(function* (
  server: ToolServer,
  time: number
): Effect.fn.Return<Ready, ServerDown> {
  const waited = yield* before(
    time,
    until(server, (state) => !isComing(state))
  )
  const state = Option.isSome(waited) ? waited.value : yield* stateOf(server)
  if (state._tag === "Ready") return state
  const why = `The server ${plainLine(server.name, 80)} is not running: ${whyNotReady(state) ?? "no reason is known"}`
  return yield* new ServerDown({ problem: isComing(state) ? `${why}. It is being started again: try later` : why })
})
