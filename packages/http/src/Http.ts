import * as Context from "effect/Context"
import type { HttpLimits } from "./HttpLimits.ts"
import { proxyFor } from "./internal/Proxy.ts"
import type { ProxySettings } from "./Proxies.ts"

/** The `fetch` of the WHATWG, as far as it is about HTTP: there are no cookies, no cache, no modes and no `data:` addresses. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface HttpOptions {
  /** Which proxies to use; none when absent. The environment is not read here: see `Proxies.fromEnvironment`. */
  readonly proxies?: ProxySettings | undefined
  /** What is absent is as in `defaultLimits`. */
  readonly limits?: Partial<HttpLimits> | undefined
}

/** An IP address that a host name stands for. */
export interface HostAddress {
  readonly address: string
  readonly family: number
}

export interface Within extends Partial<HttpLimits> {
  /** Connects to these whatever the name of the host resolves to. A proxy resolves names itself. */
  readonly addresses?: ReadonlyArray<HostAddress> | undefined
}

export interface HttpClient {
  /**
   * Rejects with an `HttpError`, or with the reason of an aborted signal, and so does the body of the answer. Whatever is sent
   * is sent whole, with its length. Redirects are followed unless the request says otherwise; to another origin go no
   * headers but those that describe the content, and to plain http none is followed that began with https.
   *
   * A body that is not wanted has to be cancelled: of one that is neither read nor cancelled, a small part is read and the
   * connection stays open.
   */
  readonly fetch: Fetch
  /** The same with other limits. Connections are shared with `fetch`. */
  readonly within: (limits: Within) => Fetch
  /** Whether requests to the address go through a proxy. */
  readonly isProxied: (url: URL) => boolean
  /** Closes all connections. Requests under way fail. Without it, idle connections close by themselves and hold no process. */
  readonly close: () => void
}

/** A client that opens no connection, and loads nothing of Node's, before its first request. */
export const make = (options: HttpOptions = {}): HttpClient => {
  const loaded: { client?: Promise<Pick<HttpClient, "within" | "close">> } = {}
  const load = () => (loaded.client ??= import("./internal/Client.ts").then(({ makeClient }) => makeClient(options)))
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
 * The client that is used where none is given. Provide another one, with proxies or other limits, around the whole
 * program; MCP servers take the one that is there when their layer is built, models the one that is there when they are asked.
 */
export const Client = Context.Reference<HttpClient>("@parley/http/Client", { defaultValue: () => make() })
