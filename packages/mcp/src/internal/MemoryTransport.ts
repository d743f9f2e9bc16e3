import * as Effect from "effect/Effect"
import { type ClientSettings, open } from "./Open.ts"
import { loadClient, type Server } from "./Sdk.ts"

/** Speaks to a server inside this process over the SDK's in-memory transport. */
export const connectInMemory = Effect.fnUntraced(function* (server: Server, settings: ClientSettings) {
  const sdk = yield* loadClient
  const [near, far] = sdk.InMemoryTransport.createLinkedPair()
  yield* Effect.acquireRelease(
    Effect.promise(() => server.connect(far)),
    () => Effect.ignore(Effect.tryPromise(() => server.close()))
  )
  return yield* open(near, settings, "legacy")
})
