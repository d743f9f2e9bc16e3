import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { ServerDown } from "../transport/ChildServer.ts"
import { plainLine } from "@parley/domain/VisibleText"
import type { ServerState } from "./ServerState.ts"
import { whyNotReady } from "./ServerStatus.ts"
import { stateOf, type ToolServer, until, settled } from "./ToolServer.ts"
import type { RequestFailure } from "../sdk/SdkFailure.ts"

export type Ready = Extract<ServerState, { readonly _tag: "Ready" }>

/** The value of an effect, or none if it does not complete before `time`, in milliseconds since the epoch. */
const before = <A, E, R>(time: number, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.timeoutOption(effect, Math.max(0, time - now)))

const isComing = ({ _tag }: ServerState): boolean => _tag === "Starting" || _tag === "Restarting"

/** Waits for a server that is starting or restarting, until `time`. Fails with a message for the caller. */
const readyBy = Effect.fnUntraced(function* (server: ToolServer, time: number): Effect.fn.Return<Ready, ServerDown> {
  const waited = yield* before(
    time,
    until(server, (state) => !isComing(state))
  )
  const state = Option.isSome(waited) ? waited.value : yield* stateOf(server)
  if (state._tag === "Ready") return state
  const why = `The server ${plainLine(server.name, 80)} is not running: ${whyNotReady(state) ?? "no reason is known"}`
  return yield* new ServerDown({ problem: isComing(state) ? `${why}. It is being started again: try later` : why })
})

/** The maximum number of milliseconds that a request waits for a server that is restarting. */
const longestWait = 10_000

/** Whether the request was not sent because the connection had closed. */
export const wasNotSent = (failure: RequestFailure): boolean =>
  failure.connection === "Gone" && failure.reason._tag === "NotSent"

/**
 * Sends a request to a server once. While the server is restarting, this waits for it, at most ten seconds and no longer
 * than the timeout of a call. (That timeout itself starts when the request is sent.) `attempt` succeeds with a `Failure` if
 * nothing was sent because the connection had just closed; then it is tried again when the server is ready.
 */
export const whenReady = Effect.fnUntraced(function* <A, E>(
  server: ToolServer,
  attempt: (ready: Ready) => Effect.Effect<Result.Result<A, string>, E>,
  notSent: (problem: string) => E
): Effect.fn.Return<A, E> {
  yield* settled(server)
  const waitUntil = (yield* Clock.currentTimeMillis) + Math.min(Duration.toMillis(server.timeout), longestWait)
  while (true) {
    const ready = yield* Effect.mapError(readyBy(server, waitUntil), ({ problem }) => notSent(problem))
    const sent = yield* attempt(ready)
    if (Result.isSuccess(sent)) return sent.success
    // Nothing was sent, so it is safe to try again when the server's state has changed.
    const changed = yield* before(
      waitUntil,
      until(server, (state) => state !== ready)
    )
    if (Option.isNone(changed)) return yield* Effect.fail(notSent(sent.failure))
  }
})
