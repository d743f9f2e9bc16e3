import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Connection } from "./Sdk.ts"
import type { RequestFailure } from "./SdkFailure.ts"

const askLimit = "5 seconds"

/**
 * Over HTTP nothing closes when the server goes away: only requests fail. So the failures of requests are looked at. One
 * that says nobody is there ends the connection. One that broke on its way may be an accident of that request alone, and
 * others may be under way: the server is asked for its tools, and only if that does not work either has it gone.
 */
export const watched = Effect.fnUntraced(function* (connection: Connection) {
  const doubts = yield* Queue.sliding<void>(1)
  const gone = yield* Deferred.make<string>()
  const end = (problem: string): Effect.Effect<void> => Effect.asVoid(Deferred.succeed(gone, problem))
  const look = (failure: RequestFailure): Effect.Effect<void> => {
    switch (failure.connection) {
      case "Sound":
        return Effect.void
      case "Doubtful":
        return Effect.asVoid(Queue.offer(doubts, undefined))
      case "Gone":
        return end(failure.problem)
    }
  }
  yield* Queue.take(doubts).pipe(
    Effect.andThen(
      Effect.timeoutOrElse(connection.listTools(undefined), {
        duration: askLimit,
        orElse: () => end("it does not answer any more")
      })
    ),
    Effect.catch((failure) => (failure.connection === "Sound" ? Effect.void : end(failure.problem))),
    Effect.forever,
    Effect.forkScoped
  )
  return {
    ...connection,
    callTool: (tool, input, meta) => Effect.tapError(connection.callTool(tool, input, meta), look),
    listTools: (cursor) => Effect.tapError(connection.listTools(cursor), look),
    closed: Effect.raceFirst(connection.closed, Deferred.await(gone))
  } satisfies Connection
})
