import type { FetchLike } from "@modelcontextprotocol/client"
import * as http from "node:http"
import * as https from "node:https"
import type { LookupFunction } from "node:net"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { wellFormed } from "../PlainText.ts"
import { type Address, AddressRefused, permitted } from "./AuthHosts.ts"

/** Metadata, registrations and tokens are a few kilobytes. */
const limitBytes = 1_000_000
const patience = 30_000

/** Connects to the addresses that were checked, whatever the name resolves to by now. */
const pinned =
  (addresses: ReadonlyArray<Address>): LookupFunction =>
  (_host, options, done) => {
    const [first] = addresses
    if (options.all === true) done(null, [...addresses])
    else done(null, first?.address ?? "", first?.family ?? 4)
  }

const bodyless = new Set([204, 205, 304])

const isTokens = Schema.is(
  Schema.fromJsonString(Schema.Struct({ access_token: Schema.String, token_type: Schema.String }))
)

const plain = (text: string): string => wellFormed(text).replaceAll(/\p{Cc}|\p{Cf}/gu, " ")

/**
 * What a server says when it refuses reaches a terminal through the SDK's warnings, and whatever a program does with errors:
 * it holds no control characters, and nothing secret.
 */
const harmless = (body: Buffer, status: number, conceal: (text: string) => string): Buffer | string => {
  const text = body.toString("utf8")
  const refuses = status >= 400 || (text.includes('"error"') && !isTokens(text))
  return refuses ? plain(conceal(text)) : body
}

const responseOf = (incoming: http.IncomingMessage, body: Buffer, conceal: (text: string) => string): Response => {
  const status = incoming.statusCode ?? 502
  const headers = new Headers()
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "")
  return new Response(bodyless.has(status) ? null : harmless(body, status, conceal), {
    status: Math.max(200, status),
    headers
  })
}

/** One request, of which a redirect is the answer. */
const send = (
  url: URL,
  addresses: ReadonlyArray<Address>,
  outgoing: Request,
  body: Buffer,
  conceal: (text: string) => string
) =>
  Effect.callback<Response, AddressRefused>((resume) => {
    const failed = (problem: string) => resume(Effect.fail(new AddressRefused({ problem: `${url.host}: ${problem}` })))
    const request = (url.protocol === "https:" ? https : http).request(url, {
      method: outgoing.method,
      headers: {
        accept: "application/json",
        ...Object.fromEntries(outgoing.headers),
        ...(body.length === 0 ? {} : { "content-length": body.length })
      },
      lookup: pinned(addresses),
      agent: false,
      timeout: patience
    })
    request.on("timeout", () => request.destroy(new AddressRefused({ problem: "it does not answer" })))
    request.on("error", (error) => failed(error.message))
    request.on("response", (incoming) => {
      const pieces: Array<Buffer> = []
      let size = 0
      incoming.on("error", (error) => failed(error.message))
      incoming.on("data", (piece: Buffer) => {
        size += piece.length
        if (size > limitBytes) request.destroy(new AddressRefused({ problem: "its answer is too long" }))
        else pieces.push(piece)
      })
      incoming.on("end", () => resume(Effect.sync(() => responseOf(incoming, Buffer.concat(pieces), conceal))))
    })
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

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
    conceal: (text: string) => string
  ): FetchLike =>
  (target, init) => {
    const ask = Effect.gen(function* () {
      const url = new URL(target)
      const addresses = yield* permitted(server, url)
      const outgoing = new Request(url, { ...init, redirect: "manual" })
      const body = Buffer.from(yield* Effect.promise(() => outgoing.arrayBuffer()))
      return yield* send(url, addresses, outgoing, body, conceal)
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
