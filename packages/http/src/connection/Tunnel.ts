import * as http from "node:http"
import * as https from "node:https"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import * as tls from "node:tls"
import { hasProperty } from "effect/Predicate"
import { HttpError } from "../contract/HttpError.ts"
import { headerBytes } from "../contract/HttpLimits.ts"
import { broken, problemOf } from "./Failures.ts"
import { portOf, type Proxy } from "./Proxy.ts"

type Callback = (error: Error | null, stream: Duplex) => void

/**
 * The option of a request through a tunnel: `making` receives a function that cancels the construction of the tunnel. Node
 * knows a connection only after it is established, and a request may be aborted before.
 */
export interface Making {
  readonly making: (stop: () => void) => void
}

const isMaking = (value: unknown): value is Making["making"] => typeof value === "function"

/** The request options for connecting to the proxy itself. */
export const proxyAddress = ({ url }: Proxy) => ({
  protocol: url.protocol,
  host: url.hostname.replace(/^\[(.*)\]$/s, "$1"),
  port: portOf(url)
})

const saying = (status: number, text: string): string =>
  status === 407
    ? "wants a user name and a password (HTTP 407)"
    : `refused to connect to it: HTTP ${status}${text === "" ? "" : ` ${problemOf(text)}`}`

/** The error for any failure on the way to the end of the tunnel. Nothing of the request has been sent. */
export const proxyFailure = (proxy: Proxy, host: string, problem: string, status?: number): HttpError =>
  new HttpError({
    host,
    sent: false,
    reason: {
      _tag: "Proxy",
      proxy: proxy.shown,
      from: proxy.from,
      problem,
      ...(status === undefined ? {} : { status })
    }
  })

/** Creates connections through the proxy to a host, each with TLS between this process and the host. */
class TunnelAgent extends https.Agent {
  private readonly proxy: Proxy
  constructor(proxy: Proxy, options: https.AgentOptions) {
    super(options)
    this.proxy = proxy
  }

  override createConnection(options: https.RequestOptions, done?: Callback): undefined {
    const { host, port, servername } = options
    const name = host ?? ""
    const place = `${name.includes(":") ? `[${name}]` : name}:${port ?? 443}`
    const { authorization } = this.proxy
    const fail = (error: HttpError): void => {
      stop()
      // There is no stream, and Node uses only the error.
      done?.(error, new Duplex())
    }
    const request = (this.proxy.url.protocol === "https:" ? https : http).request({
      ...proxyAddress(this.proxy),
      method: "CONNECT",
      path: place,
      headers: { host: place, ...(authorization === undefined ? {} : { "proxy-authorization": authorization }) },
      agent: false,
      maxHeaderSize: headerBytes
    })
    let open: Socket | undefined
    const stop = (): void => {
      request.destroy()
      open?.destroy()
    }
    if (hasProperty(options, "making") && isMaking(options.making)) options.making(stop)
    request.on("error", (error) =>
      fail(proxyFailure(this.proxy, place, `could not be reached or broke off: ${problemOf(error)}`))
    )
    request.on("connect", ({ statusCode = 0, statusMessage = "" }, socket: Socket, head) => {
      open = socket
      socket.on("error", () => socket.destroy())
      if (statusCode < 200 || statusCode > 299)
        return fail(proxyFailure(this.proxy, place, saying(statusCode, statusMessage), statusCode))
      if (head.length > 0) return fail(proxyFailure(this.proxy, place, "spoke before the host could"))
      const secure = tls.connect({
        socket,
        host: name,
        ...(servername === undefined ? {} : { servername }),
        ALPNProtocols: ["http/1.1"]
      })
      open = secure
      const failed = (error: Error): void => fail(broken(error, place, false))
      secure.once("error", failed)
      const closed = (): void => failed(new Error("the connection through the proxy was closed"))
      secure.once("close", closed)
      secure.once("secureConnect", () => {
        secure.off("close", closed).off("error", failed)
        done?.(null, secure)
      })
    })
    request.end()
    return undefined
  }
}

/** An agent for connections to hosts through a proxy. Each is used for one host, and for one request at a time. */
export const tunnelAgent = (proxy: Proxy, options: https.AgentOptions): http.Agent => new TunnelAgent(proxy, options)
