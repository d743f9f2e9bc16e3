import type { FetchLike, Transport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { Login } from "../auth/Authorizer.ts"
import { type ClientSettings, open, type Protocol } from "./Open.ts"
import { loadClient } from "../sdk/Sdk.ts"
import { streamEnded } from "../sdk/SdkFailure.ts"
import { watched } from "./WatchedConnection.ts"
import { plainLine } from "@parley/domain/VisibleText"
import { boundedFetch } from "./BoundedFetch.ts"
import { ServerDown } from "./ChildServer.ts"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import { serverHttp } from "../sdk/ServerFetch.ts"

/** The maximum delay of a timer in milliseconds. A timer with a longer delay fires immediately. */
const longest = 2 ** 31 - 1

/**
 * Schedules the reconnection of broken streams after the delay that the server chose. The SDK remembers only the last timer.
 * This keeps all of them and clears them with the scope, so that no timer keeps the process alive.
 */
export const reconnections = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => new Set<ReturnType<typeof setTimeout>>()),
    (waiting) => Effect.sync(() => waiting.forEach((timer) => clearTimeout(timer)))
  ),
  (waiting) => (reconnect: () => void, delay: number) => {
    // @effect-diagnostics-next-line globalTimers:off -- called by the SDK, outside of any Effect
    const timer = setTimeout(
      () => {
        waiting.delete(timer)
        reconnect()
      },
      Math.min(delay, longest)
    )
    waiting.add(timer)
    return () => {
      clearTimeout(timer)
      waiting.delete(timer)
    }
  }
)

/**
 * Closes the response stream of a cancelled request. In the older revisions of the protocol, the SDK sends the cancellation
 * and then keeps the stream open until the server closes it, which costs one socket for each such call. Call the returned
 * function when the client has connected, because the SDK sets `onmessage` only then.
 */
const closeCancelledStreams = (transport: Transport): (() => void) => {
  const streams = new Map<unknown, AbortController>()
  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (!("method" in message)) return send(message, options)
    if ("id" in message) {
      // In the stateless revision, the SDK passes a signal itself.
      if (options?.requestSignal !== undefined) return send(message, options)
      const stream = new AbortController()
      streams.set(message.id, stream)
      return send(message, { ...options, requestSignal: stream.signal })
    }
    if (message.method === "notifications/cancelled") {
      const id = message.params?.["requestId"]
      // The default reason is an error whose stack keeps the request body in memory, so a string is passed instead.
      streams.get(id)?.abort("cancelled")
      streams.delete(id)
    }
    return send(message, options)
  }
  return () => {
    const deliver = transport.onmessage
    const onmessage: Transport["onmessage"] = (message, extra) => {
      if (!("method" in message)) streams.delete(message.id)
      deliver?.(message, extra)
    }
    Object.assign(transport, { onmessage })
  }
}

/**
 * The options of both HTTP transports: they authenticate with the login, or else send the configured headers, and bound the
 * size of responses. `fetch` is used if there is no login.
 */
export const httpOptions = (
  headers: { readonly [name: string]: string },
  login: Login | undefined,
  fetch: FetchLike
) => ({
  ...(login === undefined ? { requestInit: { headers } } : { authProvider: login.authProvider }),
  fetch: boundedFetch(login?.fetch ?? fetch)
})

/** Creates a transport to an address. Fails with `ServerDown` if the address is invalid. */
export const transportTo = <A>(url: string, make: (url: URL) => A): Effect.Effect<A, ServerDown> =>
  Effect.try({
    try: () => make(new URL(url)),
    catch: (cause) => new ServerDown({ problem: `the address is not usable: ${plainLine(String(cause))}` })
  })

/** Connects over streamable HTTP. */
const connectHttp = Effect.fnUntraced(function* (
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
  // When an event stream ends without the response and cannot be resumed, the SDK never settles the request. So an error
  // response is delivered for it. The SDK ignores this if the request already has a response.
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
  const connected = closeCancelledStreams(transport)
  const connection = yield* open(transport, settings, protocol)
  connected()
  // Ends the session on the server, so that the server can free it. This runs before the connection closes.
  yield* Effect.addFinalizer(() =>
    Effect.tryPromise(() => transport.terminateSession()).pipe(Effect.timeoutOption("1 second"), Effect.ignore)
  )
  return yield* watched(connection)
})

/** Connects over HTTP+SSE, the transport before streamable HTTP: one long event stream, and one POST for each message. */
const connectSse = Effect.fnUntraced(function* (
  url: string,
  headers: { readonly [name: string]: string },
  settings: ClientSettings,
  fetch: FetchLike,
  login?: Login
) {
  const sdk = yield* loadClient
  const options = httpOptions(headers, login, fetch)
  const transport = yield* transportTo(url, (at) => new sdk.SSEClientTransport(at, options))
  // The stream is the session. The event source would reconnect with a new stream, which has not been initialized.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the transport is not an EventTarget
  transport.onerror = (error) => {
    if (error instanceof sdk.SseError) void transport.close()
  }
  // A refused request does not close the stream, so failed requests have to be watched as well.
  return yield* watched(yield* open(transport, settings, "legacy"))
})

/** The statuses with which a server that does not support streamable HTTP may respond, according to the specification. */
const unknownTransport = new Set([400, 404, 405])

/**
 * Connects to a server by its address, over the transport that the configuration names. Without one, it tries streamable
 * HTTP and falls back to the older HTTP+SSE transport. If the server supports neither, the first refusal is reported.
 */
export const connectAddress = (server: HttpServer, settings: ClientSettings, login?: Login) =>
  Effect.flatMap(serverHttp(server), (fetch) => {
    const { headers = {}, protocol = "auto", transport, url } = server
    const sse = connectSse(url, headers, settings, fetch, login)
    if (transport === "sse") return sse
    const http = connectHttp(url, headers, settings, protocol, fetch, login)
    if (transport === "http") return http
    return Effect.catchIf(
      http,
      ({ status }) => status !== undefined && unknownTransport.has(status),
      (refusal) => Effect.mapError(sse, () => refusal)
    )
  })
