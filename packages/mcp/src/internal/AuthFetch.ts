import type { FetchLike } from "@modelcontextprotocol/client"
import * as Http from "@parley/http/Http"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { wellFormed } from "../PlainText.ts"
import { tidied } from "./OAuthDocuments.ts"
import { AddressRefused, permitted } from "./AuthHosts.ts"

/** Metadata, registrations and tokens are a few kilobytes. */
const limitBytes = 1_000_000
const patience = 30_000

const isTokens = Schema.is(Schema.fromJsonString(Schema.Struct({ access_token: Schema.String })))

const plain = (text: string): string => wellFormed(text).replaceAll(/\p{Cc}|\p{Cf}/gu, " ")

/**
 * What a server says when it refuses reaches a terminal through the SDK's warnings, and whatever a program does with errors:
 * it holds no control characters, and nothing secret. A document is made such that the SDK can read it.
 */
const readable = (text: string, asked: string, status: number, conceal: (text: string) => string): string => {
  const refuses = status >= 400 || (text.includes('"error"') && !isTokens(text))
  return refuses ? plain(conceal(text)) : tidied(text, asked)
}

/**
 * A `fetch` for what a server names for its login: discovery, registration, tokens. Each request is checked by `permitted`,
 * and so is each redirect, since none is followed here: whoever follows one sends a request of its own. It carries none of
 * the headers that the user configured for the server. It fails as `fetch` does, by a `TypeError`.
 */
export const authFetch =
  (
    server: URL,
    run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>,
    /** Takes out of a text what the server may have been shown and nobody else is to see. */
    conceal: (text: string) => string,
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
      return new Response(response.body === null ? null : readable(text, asking, response.status, conceal), response)
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
