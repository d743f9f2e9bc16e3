import * as http from "node:http"
import * as https from "node:https"
import type { LookupFunction } from "node:net"
import type { HostAddress } from "../contract/HttpClient.ts"
import { headerBytes, type HttpLimits } from "../contract/HttpLimits.ts"
import type { Agents } from "./Agents.ts"
import type { Outgoing } from "./Outgoing.ts"
import type { Proxy } from "./Proxy.ts"
import { type Making, proxyAddress } from "./Tunnel.ts"

/** How a request reaches its server. */
export interface Route {
  readonly agents: Agents
  readonly limits: HttpLimits
  readonly proxy: Proxy | undefined
  readonly addresses: ReadonlyArray<HostAddress> | undefined
  /** Milliseconds that are left of `totalMillis`. */
  readonly left: number
}

/** A name lookup that returns the given addresses, whatever the name resolves to now. */
const pinned =
  (addresses: ReadonlyArray<HostAddress>): LookupFunction =>
  (_host, options, done) => {
    const [first] = addresses
    if (options.all === true) done(null, [...addresses])
    else done(null, first?.address ?? "", first?.family ?? 4)
  }

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/s, "$1")

/** Starts a request. The caller must call `end` with the body. */
export const sending = ({ body, headers, method, url }: Outgoing, { addresses, agents, proxy }: Route, tie: Making) => {
  const common = {
    method,
    headers: {
      ...Object.fromEntries(headers),
      ...(body === undefined && (method === "GET" || method === "HEAD") ? {} : { "content-length": body?.length ?? 0 })
    },
    maxHeaderSize: headerBytes
  }
  const path = `${url.pathname}${url.search}`
  const direct = { ...common, host: hostOf(url), port: url.port, path }
  if (url.protocol === "https:")
    return https.request(
      proxy === undefined
        ? addresses === undefined
          ? { ...direct, agent: agents.of(url.protocol) }
          : { ...direct, agent: false, lookup: pinned(addresses) }
        : { ...direct, ...tie, agent: agents.through(proxy) }
    )
  if (proxy === undefined)
    return http.request(
      addresses === undefined
        ? { ...direct, agent: agents.of(url.protocol) }
        : { ...direct, agent: false, lookup: pinned(addresses) }
    )
  const { authorization } = proxy
  const through = {
    ...common,
    ...proxyAddress(proxy),
    path: url.href,
    headers: {
      host: url.host,
      ...common.headers,
      ...(authorization === undefined ? {} : { "proxy-authorization": authorization })
    },
    agent: agents.of(proxy.url.protocol)
  }
  return proxy.url.protocol === "https:" ? https.request(through) : http.request(through)
}
