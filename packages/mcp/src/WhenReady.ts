import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { RequestFailure } from "./internal/SdkFailure.ts"
import { before, type Ready, readyBy } from "./Readiness.ts"
import { settled, type ToolServer, until } from "./ToolServer.ts"

/** How long, in milliseconds, what is to be sent waits for a server that is being started again. */
const longestWait = 10_000

/** Whether there was nothing any more that a request could be sent over. */
export const neverLeft = (failure: RequestFailure): boolean =>
  failure.connection === "Gone" && failure.reason._tag === "NotSent"

/**
 * Sends something to a server once. While the server is being started again, that waits for it: at most ten seconds, and no
 * longer than a call may take, which is counted from when it is sent. An attempt that fails in its success, in words, has sent
 * nothing, as the connection had just gone: the next is made when the server is there again.
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
    // Nothing was sent, so nothing is lost by trying again once it is known what became of the server.
    const changed = yield* before(
      waitUntil,
      until(server, (state) => state !== ready)
    )
    if (Option.isNone(changed)) return yield* Effect.fail(notSent(sent.failure))
  }
})
