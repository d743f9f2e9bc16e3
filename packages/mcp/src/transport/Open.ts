import type { Transport, Client, RequestOptions, StandardSchemaV1 } from "@modelcontextprotocol/client"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import * as Queue from "effect/Queue"
import { announcements } from "./Announcements.ts"
import { ServerDown } from "./ChildServer.ts"
import type { Connection } from "./Connection.ts"
import { parameterHeaders } from "./ParameterHeaders.ts"
import { type ClientInfo, loadClient } from "../sdk/Sdk.ts"
import { describeCause, isBroken, statusOf, RequestFailure, requestFailure } from "../sdk/SdkFailure.ts"
import { capabilitiesOf, install, logLevelMeta, type ServerSide, setLogLevel } from "./ServerSide.ts"

/**
 * Which revisions of the protocol to use. `legacy` sends `initialize`, as for all servers up to 2025. `auto` first checks
 * whether the server supports the stateless revision of 2026, and falls back to `initialize` if it does not.
 */
export type Protocol = "legacy" | "auto"
/** How Parley presents itself to a server, and what it offers to it. */
export interface ClientSettings {
  readonly clientInfo: ClientInfo
  /** The requests that the server may send to Parley; none if absent. */
  readonly side?: ServerSide | undefined
  /** How long a server may take to respond to a ping after a call was interrupted or timed out. */
  readonly pingTimeout?: Duration.Input | undefined
}

// The SDK's request timeout is disabled. Timeouts are implemented here, so that they can be distinguished from interruption.
const noLimit = 2 ** 31 - 1
const anyResult: StandardSchemaV1<unknown, unknown> = {
  "~standard": { version: 1, vendor: "parley", validate: (value) => ({ value }) }
}

/** Sends a request and returns the response without validating it. Interruption also cancels the request on the server. */
export const request = (
  client: Client,
  method: string,
  params: Record<string, unknown>,
  options: RequestOptions = {}
) =>
  client.transport === undefined
    ? Effect.fail(
        new RequestFailure({ connection: "Gone", reason: { _tag: "NotSent", problem: "the connection is closed" } })
      )
    : Effect.tryPromise({
        // An aborted signal makes the SDK send `notifications/cancelled`.
        try: (signal) => client.request({ method, params }, anyResult, { ...options, signal, timeout: noLimit }),
        catch: requestFailure
      })

/**
 * Checks whether a server still responds after one of its calls was interrupted or timed out. If the server does not respond
 * to a ping within the limit, the connection counts as closed and all its calls fail. An error response counts as a
 * response.
 */
const withLivenessProbe = Effect.fnUntraced(function* (connection: Connection, within: Duration.Input) {
  const doubtful = yield* Queue.sliding<void>(1)
  const unresponsive = yield* Deferred.make<string>()
  const problem = "it does not answer any more since a call was cancelled"
  const ask = Effect.ignore(connection.ping).pipe(
    Effect.timeoutOrElse({ duration: within, orElse: () => Effect.asVoid(Deferred.succeed(unresponsive, problem)) })
  )
  yield* Queue.take(doubtful).pipe(Effect.andThen(ask), Effect.forever, Effect.forkScoped)
  return {
    ...connection,
    callTool: (tool, input, meta, onProgress) =>
      // By now the SDK has sent the cancellation, whatever the reason for the interruption.
      Effect.onInterrupt(connection.callTool(tool, input, meta, onProgress), () => Queue.offer(doubtful, undefined)),
    closed: Effect.raceFirst(connection.closed, Deferred.await(unresponsive))
  } satisfies Connection
})

/** Performs the handshake over a transport and returns the connection. Both are closed with the scope. */
export const open = Effect.fnUntraced(function* (
  transport: Transport,
  { clientInfo, pingTimeout: within = "5 seconds", side }: ClientSettings,
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
  // Added before connecting, because a connection that is interrupted halfway also has open requests.
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
    catalog: {
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
  return yield* withLivenessProbe(connection, within)
})
