import type * as Http from "@parley/http/Http"
import { hasProperty, isString } from "effect/Predicate"
import type { KeySource } from "../contract/KeySource.ts"

/** Stands for the key in the requests of a provider whose key is obtained only when a request is sent. */
export const placeholder = "key-obtained-when-needed"

const filled = (headers: RequestInit["headers"], key: string): Headers => {
  const all = new Headers()
  // A function, because a text may have characters with a meaning in replacements.
  new Headers(headers).forEach((value, name) =>
    all.append(
      name,
      value.replace(placeholder, () => key)
    )
  )
  return all
}

const messageOf = (error: unknown): string =>
  hasProperty(error, "message") && isString(error.message) ? error.message : "the key could not be obtained"

/** The answer of a provider that refuses the key, in the form of all their APIs. */
const unauthorized = (error: unknown): Response => {
  const message = `no key was sent, because ${messageOf(error)}`
  return Response.json(
    { type: "error", error: { type: "authentication_error", code: "no_key", message } },
    { status: 401 }
  )
}

/** An error of the provider without the key: servers repeat it, and only this module knows it. */
const withoutKey = (response: Response, key: string): Promise<Response> => {
  if (response.status < 400) return Promise.resolve(response)
  const { headers, status, statusText } = response
  return response
    .text()
    .then(
      (text) => new Response(text.replaceAll(key, "[key]"), { headers: withoutLength(headers), status, statusText })
    )
}

const withoutLength = (headers: Headers): Headers => {
  const kept = new Headers(headers)
  for (const name of ["content-length", "content-encoding", "transfer-encoding"]) kept.delete(name)
  return kept
}

/** A body that can be sent a second time. */
const isRepeatable = (init: RequestInit | undefined): boolean => init?.body == null || isString(init.body)

/**
 * A client that puts the key of `source` into the place of `placeholder` in headers. If the server refuses the key with 401,
 * the key is obtained again, and the request is sent once more if the new key differs.
 */
export const make = (http: Http.HttpClient, source: KeySource): Http.HttpClient => {
  const keyed =
    (fetch: Http.Fetch): Http.Fetch =>
    (input, init) => {
      const send = (key: string) => fetch(input, { ...init, headers: filled(init?.headers, key) })
      const again = (refused: Response, key: string): Promise<Response> => {
        source.forget()
        return source.get().then(
          (fresh) => {
            if (fresh === key || !isRepeatable(init)) return withoutKey(refused, key)
            void refused.body?.cancel()
            return send(fresh).then((response) => withoutKey(response, fresh))
          },
          (error: unknown) => unauthorized(error)
        )
      }
      return source.get().then(
        (key) =>
          send(key).then((response) => (response.status === 401 ? again(response, key) : withoutKey(response, key))),
        (error: unknown) => unauthorized(error)
      )
    }
  return { ...http, fetch: keyed(http.fetch), within: (limits) => keyed(http.within(limits)) }
}
