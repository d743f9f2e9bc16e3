import type { FetchLike } from "@modelcontextprotocol/client"
import * as Http from "@parley/http/Http"
import type { loadClient } from "./Sdk.ts"
import * as Effect from "effect/Effect"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import { defaultLimits } from "@parley/http/HttpLimits"
import { lineLimits } from "../text/MessageLines.ts"

export type Sdk = Effect.Success<typeof loadClient>

/**
 * The HTTP client for a server. Only connecting is limited in time: idle and total time are limits of each call, and a limit
 * here would end a call that the user allows more time. An event stream may stay open indefinitely.
 */
export const serverHttp = ({ startTimeoutMillis = 0 }: Pick<HttpServer, "startTimeoutMillis">) =>
  Effect.map(Http.Client, (client) =>
    client.within({
      connectMillis: Math.max(defaultLimits.connectMillis, startTimeoutMillis),
      headersMillis: Infinity,
      idleMillis: Infinity,
      totalMillis: Infinity,
      bodyBytes: lineLimits.message
    })
  )

/** Whether `url` is on the server itself, including the same host at https instead of http, with default ports. */
const isServer = (server: URL, url: URL): boolean =>
  url.origin === server.origin ||
  (url.protocol === "https:" &&
    server.protocol === "http:" &&
    url.hostname === server.hostname &&
    url.port === "" &&
    server.port === "")

/**
 * A `fetch` for this server only. It adds the headers that the user configured and does not follow redirects. The SDK
 * follows redirects within the server's origin, each with a separate request.
 */
export const serverFetch = (
  sdk: Sdk,
  server: URL,
  configured: { readonly [name: string]: string },
  fetch: FetchLike = Http.make().fetch
): FetchLike => {
  const plain = sdk.createFetchWithInit(fetch, { redirect: "manual" })
  return (target, init) => {
    const url = new URL(target)
    if (!isServer(server, url))
      return Promise.reject(new TypeError(`${url.host} is not the server: nothing of it is sent there`))
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(configured)) if (!headers.has(name)) headers.set(name, value)
    return plain(target, { ...init, headers, redirect: "manual" })
  }
}
