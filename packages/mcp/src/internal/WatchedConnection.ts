import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Connection } from "./Connection.ts"
import { RequestFailure } from "./SdkFailure.ts"

const askLimit = "5 seconds"

const doubted = (failure: RequestFailure): RequestFailure =>
  failure.connection === "Gone" ? new RequestFailure({ connection: "Doubtful", reason: failure.reason }) : failure

/**
 * Over HTTP nothing closes when the server goes away: only requests fail. So the failures of requests are looked at. One
 * that says nobody is there ends the connection. One that may be an accident of that request alone does not, for others may
 * be under way: the server is asked for its tools, and only if that does not work either has it gone.
 */
export const watched = Effect.fnUntraced(function* (connection: Connection) {
  const doubts = yield* Queue.sliding<void>(1)
  const gone = yield* Deferred.make<string>()
  const end = (problem: string) => Effect.as(Deferred.succeed(gone, problem), true)

  /** Whether the server has gone. */
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
        // Who has lost a request is told at once. Who sent none can wait to hear whether the server must be found again.
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
    offers: {
      ...connection.offers,
      // Of these a status says little: the one for an unknown session stands for an unknown method too, so the server is asked.
      ask: (method, params) => connection.offers.ask(method, params).pipe(Effect.mapError(doubted), Effect.catch(look))
    },
    closed: Effect.raceFirst(connection.closed, Deferred.await(gone))
  } satisfies Connection
})
