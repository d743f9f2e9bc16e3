import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Http from "@parley/http/Http"
import * as Effect from "effect/Effect"
import { LoginFailed } from "../sdk/LoginErrors.ts"
import type { LoginRecord } from "./LoginRecord.ts"
import type { Login } from "./LoginStore.ts"
import { authFetch } from "./AuthFetch.ts"
import { permitted } from "./AuthHosts.ts"
import { isAnswer } from "./Callback.ts"
import type { Challenge } from "./Challenge.ts"
import { redacted, describeLogin, secretsOf } from "./LoginSecrets.ts"
import { makeProvider } from "./OAuthProvider.ts"
import { loadClient } from "../sdk/Sdk.ts"

interface Options {
  readonly server: Pick<HttpServer, "url" | "headers" | "oauth">
  readonly login: Login
  readonly record: LoginRecord
  readonly challenge: Challenge
  readonly state: string
  readonly redirectUrl: string
}

/** A login that waits for the person. */
export interface LoginSession {
  readonly address: URL
  readonly isAnswer: (params: URLSearchParams) => boolean
  readonly finish: (answer: URLSearchParams) => Promise<void>
  readonly failed: (cause: unknown) => LoginFailed
}

/** Finds out where the person has to log in: runs discovery, and registers Parley as a client if necessary. */
export const startLogin = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<LoginSession, LoginFailed> {
  const { challenge, login, record, redirectUrl, server, state } = options
  const sdk = yield* loadClient
  const url = new URL(server.url)
  const oauth = server.oauth ?? {}
  const run = Effect.runPromiseWith(yield* Effect.context())
  let answered: URLSearchParams | undefined
  const redact = (text: string): string =>
    redacted(text, [...secretsOf(record, oauth), provider.verifier(), answered?.get("code") ?? undefined, state])
  const fetchFn = authFetch(url, (effect) => run(effect), redact, yield* Http.Client)
  const provider = makeProvider({
    login,
    oauth,
    redirectUrl,
    state,
    run: (effect) => run(effect),
    checkResource: sdk.checkResourceAllowed
  })
  const failed: LoginSession["failed"] = (cause) => new LoginFailed({ problem: describeLogin(cause, redact) })
  const { resourceMetadataUrl } = challenge
  const scope = sdk.computeScopeUnion(record.neededScope, oauth.scope ?? challenge.scope)
  if (!challenge.refused) {
    const found = yield* Effect.tryPromise({
      try: () => sdk.discoverOAuthServerInfo(url, { fetchFn }),
      catch: failed
    })
    if (found.resourceMetadata === undefined && found.authorizationServerMetadata === undefined)
      return yield* new LoginFailed({ problem: "the server does not require a login, and publishes no OAuth metadata" })
  }
  yield* Effect.tryPromise({
    try: () =>
      sdk.auth(provider, {
        serverUrl: url,
        forceReauthorization: true,
        fetchFn,
        ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
        ...(scope === undefined ? {} : { scope })
      }),
    catch: failed
  })
  const address = provider.address()
  if (address === undefined)
    return yield* new LoginFailed({ problem: "the server names no address at which to log in" })
  yield* Effect.mapError(permitted(url, address), ({ problem }) => new LoginFailed({ problem }))
  const transport = new sdk.StreamableHTTPClientTransport(url, { authProvider: provider, fetch: fetchFn })
  return {
    address,
    isAnswer: (params) => isAnswer(params, state),
    // All parameters are passed: the SDK checks their `iss` first, and reports an `error` only if that is right.
    finish: (answer) => {
      answered = answer
      return transport.finishAuth(answer)
    },
    failed
  }
})

/** Redeems the code that the browser was redirected with, and stores the tokens. */
export const finished = (session: LoginSession, answer: URLSearchParams): Effect.Effect<void, LoginFailed> =>
  Effect.tryPromise({ try: () => session.finish(answer), catch: (cause) => session.failed(cause) })
