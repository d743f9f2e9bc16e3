import type { Transport } from "@modelcontextprotocol/client"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { announcements } from "./Announcements.ts"
import { ServerDown } from "./ChildServer.ts"
import type { Connection } from "./Connection.ts"
import { parameterHeaders } from "./ParameterHeaders.ts"
import { noLimit, request } from "./Requests.ts"
import { type ClientInfo, loadClient } from "./Sdk.ts"
import { describeCause, statusOf } from "./SdkFailure.ts"

/**
 * Which revisions of the protocol a server is asked in. `legacy` greets it as all servers up to 2025 are greeted; `auto` asks
 * first whether it speaks the stateless protocol of 2026, and greets it in the old way if it does not.
 */
export type Protocol = "legacy" | "auto"

/** What we say of ourselves to a server. */
export interface ClientSettings {
  readonly clientInfo: ClientInfo
}

/** Greets the server at the other end of a transport. The connection, and the transport, end with the scope. */
export const open = Effect.fnUntraced(function* (
  transport: Transport,
  { clientInfo }: ClientSettings,
  mode: Protocol
): Effect.fn.Return<Connection, ServerDown, Scope> {
  const sdk = yield* loadClient
  const closed = yield* Deferred.make<void>()
  // No capabilities: servers may not ask for roots, sampling or answers of the user. The SDK declines such requests.
  const client = new sdk.Client(clientInfo, { capabilities: {}, versionNegotiation: { mode } })
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is not an EventTarget
  client.onclose = () => void Deferred.doneUnsafe(closed, Effect.void)
  const { listen, promptsChanged, resourcesChanged, toolsChanged } = yield* announcements(client)
  // Before connecting: a connection that is given up half way has requests to end as well.
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.tryPromise(() => transport.close())))
  yield* Effect.tryPromise({
    try: (signal) => client.connect(transport, { signal, timeout: noLimit }),
    catch: (cause) => {
      const status = statusOf(cause)
      return new ServerDown({ problem: describeCause(cause), ...(status === undefined ? {} : { status }) })
    }
  })
  yield* Effect.forkScoped(listen)
  const offered = client.getServerCapabilities()
  return {
    hasTools: offered?.tools !== undefined,
    listTools: (cursor) => request(client, "tools/list", cursor === undefined ? {} : { cursor }),
    callTool: ({ inputSchema, tool }, input, meta) =>
      request(
        client,
        "tools/call",
        { name: tool, arguments: input, _meta: meta },
        client.getProtocolEra() === "modern" ? { headers: parameterHeaders(inputSchema, input) } : {}
      ),
    toolsChanged,
    offers: {
      has: {
        resources: offered?.resources !== undefined,
        prompts: offered?.prompts !== undefined,
        completions: offered?.completions !== undefined
      },
      ask: (method, params) => request(client, method, { ...params }),
      resourcesChanged,
      promptsChanged
    },
    closed: Effect.as(Deferred.await(closed), "the connection closed")
  }
})
