import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Connection } from "./Connection.ts"

/**
 * A call that was cancelled, or took too long, may have been the work of a server that does not listen any more. It is
 * asked for a sign of life; one that gives none within the time counts as gone, and all its calls with it. Any answer is a
 * sign, also one that says no.
 */
export const hearing = Effect.fnUntraced(function* (connection: Connection, within: Duration.Input) {
  const doubts = yield* Queue.sliding<void>(1)
  const deaf = yield* Deferred.make<string>()
  const problem = "it does not answer any more since a call was cancelled"
  const ask = Effect.ignore(connection.ping).pipe(
    Effect.timeoutOrElse({ duration: within, orElse: () => Effect.asVoid(Deferred.succeed(deaf, problem)) })
  )
  yield* Queue.take(doubts).pipe(Effect.andThen(ask), Effect.forever, Effect.forkScoped)
  return {
    ...connection,
    callTool: (tool, input, meta, onProgress) =>
      // However the call is given up, the SDK has sent the cancellation by now.
      Effect.onInterrupt(connection.callTool(tool, input, meta, onProgress), () => Queue.offer(doubts, undefined)),
    closed: Effect.raceFirst(connection.closed, Deferred.await(deaf))
  } satisfies Connection
})
