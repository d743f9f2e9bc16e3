import * as Effect from "effect/Effect"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import { connectHttp } from "./HttpTransport.ts"
import type { Login } from "./Authorizer.ts"
import type { ClientSettings } from "./Open.ts"
import { serverHttp } from "./ServerHttp.ts"
import { connectSse } from "./SseTransport.ts"

/** How a server answers to streamable HTTP that does not know it; by the specification any of these. */
const unknownTransport = new Set([400, 404, 405])

/**
 * Connects to a server by its address: over the transport that the configuration names, else over streamable HTTP, or the
 * older one when the server does not take that. Should it take neither, the first refusal is the one that is told.
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
