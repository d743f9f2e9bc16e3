import * as Context from "effect/Context"
import type { Fetch, HttpClient, HttpOptions, Within } from "./contract/HttpClient.ts"
import { proxyFor } from "./connection/Proxy.ts"

export type { Fetch, HostAddress, HttpClient, HttpOptions, Within } from "./contract/HttpClient.ts"

/**
 * Creates a client. It opens no connection and loads no Node modules before its first request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: HttpOptions = {}): HttpClient => {
  const loaded: { client?: Promise<Pick<HttpClient, "within" | "close">> } = {}
  const load = () => (loaded.client ??= import("./connection/Client.ts").then(({ makeClient }) => makeClient(options)))
  const within =
    (limits: Within): Fetch =>
    (input, init) =>
      load().then((client) => client.within(limits)(input, init))
  return {
    fetch: within({}),
    within,
    isProxied: (url) => proxyFor(options.proxies ?? {}, url) !== undefined,
    close: () => void load().then((client) => client.close())
  }
}

/**
 * The default client. Provide another one, with proxies or other limits, around the whole program: MCP servers use the
 * client that is provided when their layer is built, models the one that is provided to each request.
 *
 * @since 0.1.0
 * @category services
 */
export const Client = Context.Reference<HttpClient>("@parley/http/Client", { defaultValue: () => make() })
