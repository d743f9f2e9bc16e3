import type { FetchLike } from "@modelcontextprotocol/client"
import * as Http from "@parley/http/Http"
import type { loadClient } from "./Sdk.ts"
import type { Effect } from "effect/Effect"

export type Sdk = typeof loadClient extends Effect<infer A> ? A : never

/** The server itself, also where it has moved from http to https: nobody else can answer there. */
const isServer = (server: URL, url: URL): boolean =>
  url.origin === server.origin ||
  (url.protocol === "https:" &&
    server.protocol === "http:" &&
    url.hostname === server.hostname &&
    url.port === "" &&
    server.port === "")

/**
 * A `fetch` for the server and for nobody else: it adds the headers that the user configured, and follows no redirect by
 * itself. The SDK follows those that stay within the server's origin, each by a request of its own.
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
