import { randomBytes } from "node:crypto"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import { LoginFailed } from "../LoginErrors.ts"
import { loadClient } from "./Sdk.ts"
import { describeCause } from "./SdkFailure.ts"
import { serverFetch } from "./ServerFetch.ts"
import { serverHttp } from "./ServerHttp.ts"

/** What a server says of the login it wants. */
export interface Challenge {
  readonly resourceMetadataUrl: URL | undefined
  readonly scope: string | undefined
  /** Whether it has refused a request for want of a login. */
  readonly refused: boolean
}

export const randomState = (): string => randomBytes(24).toString("base64url")

const ping = {
  method: "POST",
  headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
  body: `{"jsonrpc":"2.0","id":0,"method":"ping"}`
}

/** Asks the server something without a login, for what it says when it refuses. */
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
      orElse: () => Effect.fail(new LoginFailed({ problem: "the server does not answer" }))
    })
  )
  yield* Effect.ignore(Effect.tryPromise(() => response.body?.cancel() ?? Promise.resolve()))
  const { resourceMetadataUrl, scope } = sdk.extractWWWAuthenticateParams(response)
  return { resourceMetadataUrl, scope, refused: response.status === 401 || response.status === 403 } satisfies Challenge
})
