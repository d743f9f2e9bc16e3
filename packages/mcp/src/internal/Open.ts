import type { Client, Transport } from "@modelcontextprotocol/client"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { ServerDown } from "./ChildServer.ts"
import type { Connection } from "./Connection.ts"
import { noLimit, request } from "./Requests.ts"
import { type ClientInfo, loadClient } from "./Sdk.ts"
import { describeCause, isBroken } from "./SdkFailure.ts"
import { makeToolsChanged } from "./ToolsChanged.ts"

/** What we say of ourselves to a server. */
export interface ClientSettings {
  readonly clientInfo: ClientInfo
}

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

/** Greets the server at the other end of a transport. The connection, and the transport, end with the scope. */
export const open = Effect.fnUntraced(function* (
  transport: Transport,
  { clientInfo }: ClientSettings,
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
    catch: (cause) =>
      new ServerDown({ problem: describeCause(cause), ...(isBroken(cause) ? {} : { answered: true as const }) })
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
