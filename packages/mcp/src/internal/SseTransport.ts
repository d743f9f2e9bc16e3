import type { FetchLike } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { Login } from "./Authorizer.ts"
import { httpOptions, transportTo } from "./HttpOptions.ts"
import { type ClientSettings, open } from "./Open.ts"
import { loadClient } from "./Sdk.ts"
import { watched } from "./WatchedConnection.ts"

/** Speaks HTTP with server-sent events, as it was before streamable HTTP: one long stream, and a request for each message. */
export const connectSse = Effect.fnUntraced(function* (
  url: string,
  headers: { readonly [name: string]: string },
  settings: ClientSettings,
  fetch: FetchLike,
  login?: Login
) {
  const sdk = yield* loadClient
  const options = httpOptions(headers, login, fetch)
  const transport = yield* transportTo(url, (at) => new sdk.SSEClientTransport(at, options))
  // The stream is the session. The event source would open another one in its place, which the server has never been greeted on.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the transport is not an EventTarget
  transport.onerror = (error) => {
    if (error instanceof sdk.SseError) void transport.close()
  }
  // Of a request that is refused the stream knows nothing.
  return yield* watched(yield* open(transport, settings, "legacy"))
})
