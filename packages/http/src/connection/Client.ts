import { HttpError } from "../contract/HttpError.ts"
import type { Fetch, HttpClient, HttpOptions, Within } from "../contract/HttpClient.ts"
import { defaultLimits } from "../contract/HttpLimits.ts"
import { makeAgents } from "./Agents.ts"
import { responseOf } from "./Body.ts"
import { exchange } from "./Exchange.ts"
import { type Outgoing, outgoing } from "./Outgoing.ts"
import { proxyFor } from "./Proxy.ts"
import { isRedirect, mostRedirects, redirected } from "./Redirects.ts"

export const makeClient = (options: HttpOptions): Pick<HttpClient, "within" | "close"> => {
  const { proxies = {} } = options
  const agents = makeAgents()
  let closed = false

  const within = ({ addresses, ...own }: Within): Fetch => {
    const limits = { ...defaultLimits, ...options.limits, ...own }
    const ask = (out: Outgoing, begun: number, hops: number): Promise<Response> =>
      Promise.resolve()
        .then(() => {
          if (out.signal?.aborted === true) throw out.signal.reason
          const { host } = out.url
          if (closed)
            throw new HttpError({
              host,
              sent: false,
              reason: { _tag: "Broken", problem: "the client that asks has been closed" }
            })
          const left = limits.totalMillis - (performance.now() - begun)
          return exchange(out, { agents, addresses, limits, left, proxy: proxyFor(proxies, out.url) })
        })
        .then((answer) => {
          if (!isRedirect(answer.incoming) || out.redirect === "manual") {
            try {
              return responseOf(answer, out.method, out.url, hops > 0, limits)
            } catch (error) {
              answer.stop(error)
              throw error
            }
          }
          const elsewhere = (problem: string): HttpError =>
            new HttpError({ host: out.url.host, sent: true, reason: { _tag: "Redirect", problem } })
          const to = answer.incoming.headers.location ?? ""
          // This also closes the connection: the body of a redirect is not read.
          answer.stop(elsewhere("it was followed"))
          if (out.redirect === "error")
            throw elsewhere(`${out.url.host} redirects, and the request does not allow that`)
          if (hops >= mostRedirects) throw elsewhere(`${out.url.host} redirects for more than ${mostRedirects} times`)
          const next = redirected(out, answer.incoming.statusCode ?? 0, to)
          if (typeof next === "string") throw elsewhere(next)
          return ask(next, begun, hops + 1)
        })
    return (...asked) => outgoing(...asked).then((out) => ask(out, performance.now(), 0))
  }

  return {
    within,
    close: () => {
      closed = true
      agents.close()
    }
  }
}
