import { randomBytes } from "node:crypto"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import { LoginFailed } from "../sdk/LoginErrors.ts"
import { loadClient } from "../sdk/Sdk.ts"
import { describeCause } from "../sdk/SdkFailure.ts"
import { serverHttp, serverFetch } from "../sdk/ServerFetch.ts"

/** The login that a server demands, from its `WWW-Authenticate` header. */
export interface Challenge {
  readonly resourceMetadataUrl: URL | undefined
  readonly scope: string | undefined
  /** Whether the server refused the request with HTTP 401 or 403. */
  readonly refused: boolean
}

export const randomState = (): string => randomBytes(24).toString("base64url")

const ping = {
  method: "POST",
  headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
  body: `{"jsonrpc":"2.0","id":0,"method":"ping"}`
}

/** Sends a `ping` without a login to obtain the server's challenge. Fails if there is no response within 15 seconds. */
export const askChallenge = Effect.fnUntraced(function* (server: Pick<HttpServer, "url" | "headers">) {
  const sdk = yield* loadClient
  const unreachable = (cause: unknown) =>
    new LoginFailed({ problem: `the server cannot be reached: ${describeCause(cause)}` })
  const fetch = yield* serverHttp({})
  const ask = yield* Effect.try({
    try: () => serverFetch(sdk, new URL(server.url), server.headers ?? {}, fetch),
    catch: unreachable
  })
  const response = yield* Effect.tryPromise({
    try: (signal) => ask(new URL(server.url), { ...ping, signal }),
    catch: unreachable
  }).pipe(
    Effect.timeoutOrElse({
      duration: "15 seconds",
      orElse: () => Effect.fail(new LoginFailed({ problem: "the server did not respond within 15 s" }))
    })
  )
  yield* Effect.ignore(Effect.tryPromise(() => response.body?.cancel() ?? Promise.resolve()))
  const { resourceMetadataUrl, scope } = sdk.extractWWWAuthenticateParams(response)
  return { resourceMetadataUrl, scope, refused: response.status === 401 || response.status === 403 } satisfies Challenge
})
