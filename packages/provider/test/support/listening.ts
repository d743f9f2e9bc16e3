import type { Server } from "node:http"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** The free loopback port on which a server listens until the scope ends, and all its connections with it. */
export const listening = (server: Server): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      // A connection is not closed while a client on a busy machine begins to use it again.
      server.keepAliveTimeout = 600_000
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
