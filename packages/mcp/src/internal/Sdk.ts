/**
 * The only file that knows the MCP SDK. It is loaded when a server is first needed, not when this module is: it costs
 * about a tenth of a second.
 */
import type { Client, StandardSchemaV1, Transport } from "@modelcontextprotocol/client"
import type { Server } from "@modelcontextprotocol/server"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { plainLine } from "../PlainText.ts"
import { type ChildServer, ServerDown } from "./ChildServer.ts"
import type { Connection } from "./Connection.ts"
import { makeToolsChanged } from "./ToolsChanged.ts"
import { describeCause, RequestFailure, requestFailure, streamEnded } from "./SdkFailure.ts"
import { watched } from "./WatchedConnection.ts"

export type { Server }
export type ClientInfo = { readonly name: string; readonly version: string }

const loadClient = Effect.promise(() => import("@modelcontextprotocol/client"))

/** The server half of the SDK, for the server that runs inside this process. */
export const loadServer = Effect.promise(() => import("@modelcontextprotocol/server"))

/** The SDK's validator that interprets a JSON Schema and, unlike its default, generates no code from it. */
export const loadValidator = Effect.map(
  Effect.promise(() => import("@modelcontextprotocol/client/validators/cf-worker")),
  ({ CfWorkerJsonSchemaValidator }) => new CfWorkerJsonSchemaValidator()
)

// The SDK's own limit on a request is switched off: limits are ours, so that a limit and an interruption can be told apart.
const noLimit = 2 ** 31 - 1
const anyResult: StandardSchemaV1<unknown, unknown> = {
  "~standard": { version: 1, vendor: "parley", validate: (value) => ({ value }) }
}

const request = (client: Client, method: string, params: Record<string, unknown>) =>
  client.transport === undefined
    ? Effect.fail(
        new RequestFailure({ connection: "Gone", reason: { _tag: "NotSent", problem: "the connection is closed" } })
      )
    : Effect.tryPromise({
        // An aborted signal makes the SDK send `notifications/cancelled`.
        try: (signal) => client.request({ method, params }, anyResult, { signal, timeout: noLimit }),
        catch: requestFailure
      })

/** In the later era of the protocol a server tells of changes only when it is asked to, and for as long as the stream lasts. */
const listenForChanges = (client: Client, notify: () => void): Effect.Effect<void> =>
  Effect.tryPromise(() => client.listen({ toolsListChanged: true })).pipe(
    Effect.tap(({ closed }) => Effect.promise(() => closed)),
    // What changed while nobody listened is not told of again.
    Effect.andThen(Effect.delay(Effect.sync(notify), "5 seconds")),
    Effect.forever,
    // A server that does not take the request is one whose tools stay as they were listed.
    Effect.ignore
  )

const open = Effect.fnUntraced(function* (
  transport: Transport,
  clientInfo: ClientInfo,
  mode: "legacy" | "auto"
): Effect.fn.Return<Connection, ServerDown, Scope> {
  const sdk = yield* loadClient
  const closed = yield* Deferred.make<void>()
  const changes = yield* makeToolsChanged
  // No capabilities: servers may not ask for roots, sampling or answers of the user. The SDK declines such requests.
  const client = new sdk.Client(clientInfo, { capabilities: {}, versionNegotiation: { mode } })
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is not an EventTarget
  client.onclose = () => void Deferred.doneUnsafe(closed, Effect.void)
  const announces = (): boolean => client.getServerCapabilities()?.tools?.listChanged === true
  // Registered before connecting: a server may say it as soon as it is connected.
  client.setNotificationHandler("notifications/tools/list_changed", () => {
    if (announces()) changes.notify()
  })
  // Before connecting: a connection that is given up half way has requests to end as well.
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.tryPromise(() => transport.close())))
  yield* Effect.tryPromise({
    try: (signal) => client.connect(transport, { signal, timeout: noLimit }),
    catch: (cause) => new ServerDown({ problem: describeCause(cause) })
  })
  if (announces() && client.getProtocolEra() === "modern")
    yield* Effect.forkScoped(listenForChanges(client, changes.notify))
  return {
    hasTools: client.getServerCapabilities()?.tools !== undefined,
    listTools: (cursor) => request(client, "tools/list", cursor === undefined ? {} : { cursor }),
    callTool: (tool, input, meta) => request(client, "tools/call", { name: tool, arguments: input, _meta: meta }),
    toolsChanged: changes.toolsChanged,
    closed: Effect.as(Deferred.await(closed), "the connection closed")
  }
})

/** Speaks to a started program over its standard input and output. */
export const connectChild = Effect.fnUntraced(function* (child: ChildServer, clientInfo: ClientInfo) {
  const sdk = yield* loadClient
  const buffer = new sdk.ReadBuffer()
  const transport: Transport = {
    start: () => Promise.resolve(),
    send: (message) => child.write(sdk.serializeMessage(message)),
    close: () => {
      child.endInput()
      transport.onclose?.()
      return Promise.resolve()
    }
  }
  const read = (): void => {
    for (;;) {
      try {
        const message = buffer.readMessage()
        if (message === null) return
        transport.onmessage?.(message)
      } catch (cause) {
        // One line that is JSON and no message; the lines after it are read on.
        transport.onerror?.(cause instanceof Error ? cause : new Error(String(cause)))
      }
    }
  }
  child.onData((chunk) => {
    try {
      buffer.append(chunk)
    } catch {
      // A line without end: what follows can no longer be told apart.
      return void transport.close()
    }
    read()
  })
  yield* Effect.forkScoped(Effect.tap(child.ended, () => Effect.sync(() => transport.onclose?.())))
  return yield* open(transport, clientInfo, "legacy")
})

/** Speaks streamable HTTP, in whichever revision of the protocol the server prefers. */
export const connectHttp = Effect.fnUntraced(function* (
  url: string,
  headers: { readonly [name: string]: string },
  clientInfo: ClientInfo
) {
  const sdk = yield* loadClient
  const transport = yield* Effect.try({
    try: () => new sdk.StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
    catch: (cause) => new ServerDown({ problem: `the address is not usable: ${plainLine(String(cause))}` })
  })
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
  const connection = yield* open(transport, clientInfo, "auto")
  // Tells the server that the session is over, so that it need not keep it; runs before the connection closes.
  yield* Effect.addFinalizer(() =>
    Effect.tryPromise(() => transport.terminateSession()).pipe(Effect.timeoutOption("1 second"), Effect.ignore)
  )
  return yield* watched(connection)
})

/** Speaks to a server inside this process over the SDK's in-memory transport. */
export const connectInMemory = Effect.fnUntraced(function* (server: Server, clientInfo: ClientInfo) {
  const sdk = yield* loadClient
  const [near, far] = sdk.InMemoryTransport.createLinkedPair()
  yield* Effect.acquireRelease(
    Effect.promise(() => server.connect(far)),
    () => Effect.ignore(Effect.tryPromise(() => server.close()))
  )
  return yield* open(near, clientInfo, "legacy")
})
