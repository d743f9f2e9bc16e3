import type { Fetch } from "../contract/HttpClient.ts"

/** A request as it is sent to one address. */
export interface Outgoing {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array | undefined
  readonly redirect: NonNullable<RequestInit["redirect"]>
  readonly signal: AbortSignal | undefined
}

/** These headers are about one connection. They are removed from the caller's headers and set by the connection instead. */
const hopByHop = [
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
]

const encodings = "gzip, deflate, br, zstd"

const unused: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"])
const upper: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"])

const methodOf = (given: string): string => {
  const method = upper.has(given.toUpperCase()) ? given.toUpperCase() : given
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(method) || unused.has(method.toUpperCase()))
    throw new TypeError(`${JSON.stringify(given)} is not a valid method of a request`)
  return method
}

const addressOf = (input: string | URL | Request): URL => {
  const url = new URL(input instanceof Request ? input.url : input)
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new TypeError(`${url.protocol} is not asked over HTTP`)
  if (url.username !== "" || url.password !== "")
    throw new TypeError(`the address of ${url.host} has a user name or password in it; use a header`)
  url.hash = ""
  return url
}

/** The complete body, and the content type that belongs to it. */
const bodyOf = (
  body: NonNullable<RequestInit["body"]> | null
): Promise<readonly [body: Uint8Array | undefined, type: string | null]> => {
  if (body === null) return Promise.resolve([undefined, null])
  if (typeof body === "string") return Promise.resolve([Buffer.from(body), "text/plain;charset=UTF-8"])
  if (body instanceof Uint8Array) return Promise.resolve([body, null])
  const whole = new Response(body)
  return whole.arrayBuffer().then((bytes) => [new Uint8Array(bytes), whole.headers.get("content-type")])
}

/** Builds a request from the arguments of `fetch` and the defaults. Rejects with a `TypeError`, as `fetch` does. */
export const outgoing = (...[input, init = {}]: Parameters<Fetch>): Promise<Outgoing> => {
  const from = input instanceof Request ? input : undefined
  return Promise.resolve().then(() => {
    const url = addressOf(input)
    const method = methodOf(init.method ?? from?.method ?? "GET")
    const headers = new Headers(init.headers ?? from?.headers)
    for (const name of hopByHop) headers.delete(name)
    if (!headers.has("accept")) headers.set("accept", "*/*")
    if (!headers.has("accept-encoding")) headers.set("accept-encoding", encodings)
    if (!headers.has("user-agent")) headers.set("user-agent", "parley")
    const given = init.body ?? from?.body ?? null
    if (given !== null && (method === "GET" || method === "HEAD"))
      throw new TypeError(`a request with the method ${method} cannot have a body`)
    return bodyOf(given).then(([body, type]) => {
      if (type !== null && !headers.has("content-type")) headers.set("content-type", type)
      return {
        url,
        method,
        headers,
        body,
        redirect: init.redirect ?? from?.redirect ?? "follow",
        signal: init.signal ?? from?.signal
      }
    })
  })
}
