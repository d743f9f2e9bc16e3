import type { FetchLike } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { Login } from "./Authorizer.ts"
import { httpOptions, transportTo } from "./HttpOptions.ts"
import { lettingGo } from "./LettingGo.ts"
import { type ClientSettings, open, type Protocol } from "./Open.ts"
import { reconnections } from "./Reconnections.ts"
import { loadClient } from "./Sdk.ts"
import { streamEnded } from "./SdkFailure.ts"
import { watched } from "./WatchedConnection.ts"

/** Speaks streamable HTTP. */
export const connectHttp = Effect.fnUntraced(function* (
  url: string,
  headers: { readonly [name: string]: string },
  settings: ClientSettings,
  protocol: Protocol,
  fetch: FetchLike,
  login?: Login
) {
  const sdk = yield* loadClient
  const reconnectionScheduler = yield* reconnections
  const options = { ...httpOptions(headers, login, fetch), reconnectionScheduler }
  const transport = yield* transportTo(url, (at) => new sdk.StreamableHTTPClientTransport(at, options))
  // When a stream of events ends without the answer, and cannot be resumed, the SDK would let the request wait for ever. It
  // is given an answer that says so. An answer to a request that has one already is ignored.
  const send = transport.send.bind(transport)
  transport.send = (message, options) =>
    send(message, {
      ...options,
      onRequestStreamEnd: () => {
        options?.onRequestStreamEnd?.()
        if (!sdk.isJSONRPCRequest(message)) return
        transport.onmessage?.({ jsonrpc: "2.0", id: message.id, error: { code: streamEnded, message: "" } })
      }
    })
  const connected = lettingGo(transport)
  const connection = yield* open(transport, settings, protocol)
  connected()
  // Tells the server that the session is over, so that it need not keep it; runs before the connection closes.
  yield* Effect.addFinalizer(() =>
    Effect.tryPromise(() => transport.terminateSession()).pipe(Effect.timeoutOption("1 second"), Effect.ignore)
  )
  return yield* watched(connection)
})
