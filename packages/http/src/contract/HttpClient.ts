import type { HttpLimits } from "./HttpLimits.ts"
import type { ProxySettings } from "./Proxies.ts"

/**
 * The `fetch` of the WHATWG, limited to HTTP: without cookies, cache, modes and `data:` addresses.
 *
 * @since 0.1.0
 * @category models
 */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * Options of a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpOptions {
  /** The proxies to use. Default: none. The environment is not read here: see `Proxies.fromEnvironment`. */
  readonly proxies?: ProxySettings | undefined
  /** Missing limits default to `defaultLimits`. */
  readonly limits?: Partial<HttpLimits> | undefined
}

/**
 * An IP address of a host name.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostAddress {
  readonly address: string
  readonly family: number
}

/**
 * Limits for the requests of one `fetch`, in the units of `HttpLimits`. Missing ones are those of the client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Within extends Partial<HttpLimits> {
  /** Connects to these addresses, whatever the host name resolves to. Ignored with a proxy, which resolves names itself. */
  readonly addresses?: ReadonlyArray<HostAddress> | undefined
}

/**
 * A client for HTTP requests with limits of size and time. See `Http.make`.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpClient {
  /**
   * Rejects with an `HttpError`, or with the reason of an aborted signal, and so does the body of the response. The request
   * body is sent as a whole, with its length. Redirects are followed unless the request disables that. A redirect to another
   * origin keeps only the headers that describe the content, and a redirect from https to http is never followed.
   *
   * Cancel the body of a response that you do not read: otherwise a small part of it is buffered and the connection stays
   * open.
   */
  readonly fetch: Fetch
  /** Returns a `fetch` with other limits. It shares its connections with `fetch`. */
  readonly within: (limits: Within) => Fetch
  /** Whether requests to the address go through a proxy. */
  readonly isProxied: (url: URL) => boolean
  /**
   * Closes all connections. Requests in progress fail. Calling this is optional: idle connections close automatically and do
   * not keep the process alive.
   */
  readonly close: () => void
}
