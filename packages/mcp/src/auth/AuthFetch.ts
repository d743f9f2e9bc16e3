import type { FetchLike } from "@modelcontextprotocol/client"
import * as Http from "@parley/http/Http"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { plainLine } from "@parley/domain/VisibleText"
import { withStandardFields } from "./OAuthDocuments.ts"
import { AddressRefused, permitted } from "./AuthHosts.ts"

/** Metadata, registrations and tokens have only a few kilobytes. */
const limitBytes = 1_000_000
const patience = 30_000

const isTokens = Schema.is(Schema.fromJsonString(Schema.Struct({ access_token: Schema.String })))

const plain = (text: string): string => plainLine(text, limitBytes)

/**
 * Prepares a response body. The text of a refusal reaches a terminal through the SDK's warnings, and other places through
 * errors, so control characters and secrets are removed. Any other document is normalised so that the SDK can read it.
 */
const readable = (text: string, asked: string, status: number, redact: (text: string) => string): string => {
  const refuses = status >= 400 || (text.includes('"error"') && !isTokens(text))
  return refuses ? plain(redact(text)) : withStandardFields(text, asked)
}

/**
 * A `fetch` for the addresses that a server names for its login: discovery, registration, tokens. Each request is checked by
 * `permitted`. Redirects are not followed; the caller has to follow them with new requests, which are checked as well. The
 * headers that the user configured for the server are not sent. Fails with a `TypeError`, as `fetch` does.
 */
export const authFetch =
  (
    server: URL,
    run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>,
    /** Redacts the secrets that were sent to the server. */
    redact: (text: string) => string,
    http: Http.HttpClient = Http.make()
  ): FetchLike =>
  (target, init) => {
    const failed = (url: URL) => (error: unknown) =>
      new AddressRefused({ problem: `${url.host}: ${error instanceof Error ? error.message : String(error)}` })
    const ask = Effect.gen(function* () {
      const url = new URL(target)
      const isProxied = yield* Effect.try({ try: () => http.isProxied(url), catch: failed(url) })
      const addresses = yield* permitted(server, url, isProxied)
      const fetch = http.within({
        bodyBytes: limitBytes,
        totalMillis: patience,
        ...(isProxied ? {} : { addresses })
      })
      const headers = new Headers(init?.headers)
      if (!headers.has("accept")) headers.set("accept", "application/json")
      const given = init?.signal ?? undefined
      const asked = yield* Effect.tryPromise({
        try: (signal) =>
          fetch(url, {
            ...init,
            headers,
            redirect: "manual",
            signal: given === undefined ? signal : AbortSignal.any([given, signal])
          }).then((response) => response.text().then((text) => ({ response, text }))),
        catch: failed(url)
      })
      const { response, text } = asked
      const asking = typeof init?.body === "string" ? init.body : ""
      return new Response(response.body === null ? null : readable(text, asking, response.status, redact), response)
    }).pipe(
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(new AddressRefused({ problem: "it does not answer" }))
      })
    )
    return run(Effect.result(ask)).then((result) => {
      if (result._tag === "Success") return result.success
      throw new TypeError(result.failure.problem, { cause: result.failure })
    })
  }
