import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Connection } from "./Connection.ts"
import { RequestFailure } from "../sdk/SdkFailure.ts"

const askLimit = "5 seconds"

const doubted = (failure: RequestFailure): RequestFailure =>
  failure.connection === "Gone" ? new RequestFailure({ connection: "Doubtful", reason: failure.reason }) : failure

/**
 * Over HTTP nothing closes when the server goes away: only requests fail. So this inspects the failures of requests. A
 * failure that proves the server unreachable ends the connection. A failure that may affect only that request does not,
 * because other requests may be in progress: the tools are listed as a check, and the connection ends only if that fails
 * too.
 */
export const watched = Effect.fnUntraced(function* (connection: Connection) {
  const doubts = yield* Queue.sliding<void>(1)
  const gone = yield* Deferred.make<string>()
  const end = (problem: string) => Effect.as(Deferred.succeed(gone, problem), true)

  /** Checks whether the server is gone. */
  const ask = connection.listTools(undefined).pipe(
    Effect.as(false),
    Effect.catch((failure) => (failure.connection === "Sound" ? Effect.succeed(false) : end(failure.problem))),
    Effect.timeoutOrElse({ duration: askLimit, orElse: () => end("it does not answer any more") })
  )
  yield* Queue.take(doubts).pipe(Effect.andThen(ask), Effect.forever, Effect.forkScoped)

  const look = (failure: RequestFailure): Effect.Effect<never, RequestFailure> => {
    switch (failure.connection) {
      case "Sound":
        return Effect.fail(failure)
      case "Gone":
        return Effect.andThen(end(failure.problem), Effect.fail(failure))
      case "Doubtful":
        // A caller whose request was lost gets the failure immediately. A caller whose request was not sent waits for the
        // check, which decides whether it has to wait for a new connection.
        return failure.reason._tag === "NotSent"
          ? Effect.flatMap(ask, (hasGone) =>
              Effect.fail(hasGone ? new RequestFailure({ connection: "Gone", reason: failure.reason }) : failure)
            )
          : Effect.andThen(Queue.offer(doubts, undefined), Effect.fail(failure))
    }
  }
  return {
    ...connection,
    callTool: (tool, input, meta, onProgress) => Effect.catch(connection.callTool(tool, input, meta, onProgress), look),
    listTools: (cursor) => Effect.catch(connection.listTools(cursor), look),
    catalog: {
      ...connection.catalog,
      // For these requests a status is ambiguous: the one for an unknown session also means an unknown method. So check.
      ask: (method, params) => connection.catalog.ask(method, params).pipe(Effect.mapError(doubted), Effect.catch(look))
    },
    closed: Effect.raceFirst(connection.closed, Deferred.await(gone))
  } satisfies Connection
})
