import type { Transport } from "@modelcontextprotocol/client"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { announcements } from "./Announcements.ts"
import { ServerDown } from "./ChildServer.ts"
import type { Connection } from "./Connection.ts"
import { hearing } from "./HearingConnection.ts"
import { parameterHeaders } from "./ParameterHeaders.ts"
import { noLimit, request } from "./Requests.ts"
import { type ClientInfo, loadClient } from "./Sdk.ts"
import { describeCause, isBroken, statusOf } from "./SdkFailure.ts"
import { capabilitiesOf, install, logLevelMeta, type ServerSide, setLogLevel } from "./ServerSide.ts"

/**
 * Which revisions of the protocol a server is asked in. `legacy` greets it as all servers up to 2025 are greeted; `auto` asks
 * first whether it speaks the stateless protocol of 2026, and greets it in the old way if it does not.
 */
export type Protocol = "legacy" | "auto"
/** What we say of ourselves to a server. */
export interface ClientSettings {
  readonly clientInfo: ClientInfo
  /** What the server may ask of us; nothing when absent. */
  readonly side?: ServerSide | undefined
  /** How long a server has for a sign of life after a call was given up. */
  readonly hearing?: Duration.Input | undefined
}

/** Greets the server at the other end of a transport. The connection, and the transport, end with the scope. */
export const open = Effect.fnUntraced(function* (
  transport: Transport,
  { clientInfo, hearing: within = "5 seconds", side }: ClientSettings,
  mode: Protocol
): Effect.fn.Return<Connection, ServerDown, Scope> {
  const sdk = yield* loadClient
  const closed = yield* Deferred.make<void>()
  const capabilities = side === undefined ? {} : capabilitiesOf(side)
  const client = new sdk.Client(clientInfo, { capabilities, versionNegotiation: { mode } })
  if (side !== undefined) yield* install(client, side)
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is not an EventTarget
  client.onclose = () => void Deferred.doneUnsafe(closed, Effect.void)
  const { listen, promptsChanged, resourcesChanged, toolsChanged } = yield* announcements(client)
  // Before connecting: a connection that is given up half way has requests to end as well.
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.tryPromise(() => transport.close())))
  yield* Effect.tryPromise({
    try: (signal) => client.connect(transport, { signal, timeout: noLimit }),
    catch: (cause) => {
      const status = statusOf(cause)
      return new ServerDown({
        problem: describeCause(cause),
        ...(status === undefined ? {} : { status }),
        ...(isBroken(cause) ? {} : { answered: true as const })
      })
    }
  })
  yield* Effect.forkScoped(listen)
  if (side !== undefined) yield* Effect.forkScoped(setLogLevel(client, side))
  const levelMeta = side === undefined ? {} : logLevelMeta(client, side)
  const offered = client.getServerCapabilities()
  const isModern = client.getProtocolEra() === "modern"
  const connection: Connection = {
    hasTools: offered?.tools !== undefined,
    instructions: client.getInstructions(),
    listTools: (cursor) => request(client, "tools/list", cursor === undefined ? {} : { cursor }),
    callTool: ({ inputSchema, tool }, input, meta, onprogress) =>
      request(
        client,
        "tools/call",
        { name: tool, arguments: input, _meta: { ...levelMeta, ...meta } },
        {
          ...(onprogress === undefined ? {} : { onprogress }),
          ...(isModern ? { headers: parameterHeaders(inputSchema, input) } : {})
        }
      ),
    ping: request(client, isModern ? "server/discover" : "ping", {}),
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
  return yield* hearing(connection, within)
})
