import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Http from "@parley/http/Http"
import * as Effect from "effect/Effect"
import { LoginFailed } from "../LoginErrors.ts"
import type { LoginRecord } from "../LoginRecord.ts"
import type { Login } from "../LoginStore.ts"
import { authFetch } from "./AuthFetch.ts"
import { permitted } from "./AuthHosts.ts"
import { isAnswer } from "./Callback.ts"
import type { Challenge } from "./Challenge.ts"
import { concealed, describeLogin, secretsOf } from "./Concealing.ts"
import { makeProvider } from "./OAuthProvider.ts"
import { loadClient } from "./Sdk.ts"

interface Options {
  readonly server: Pick<HttpServer, "url" | "headers" | "oauth">
  readonly login: Login
  readonly record: LoginRecord
  readonly challenge: Challenge
  readonly state: string
  readonly redirectUrl: string
}

/** A login of which the person's part is to come. */
export interface LoginSession {
  readonly address: URL
  readonly isAnswer: (params: URLSearchParams) => boolean
  readonly finish: (answer: URLSearchParams) => Promise<void>
  readonly failed: (cause: unknown) => LoginFailed
}

/** Finds out where the person has to log in: discovery, and a registration where there is none yet. */
export const startLogin = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<LoginSession, LoginFailed> {
  const { challenge, login, record, redirectUrl, server, state } = options
  const sdk = yield* loadClient
  const url = new URL(server.url)
  const oauth = server.oauth ?? {}
  const run = Effect.runPromiseWith(yield* Effect.context())
  let answered: URLSearchParams | undefined
  const conceal = (text: string): string =>
    concealed(text, [...secretsOf(record, oauth), provider.verifier(), answered?.get("code") ?? undefined, state])
  const fetchFn = authFetch(url, (effect) => run(effect), conceal, yield* Http.Client)
  const provider = makeProvider({
    login,
    oauth,
    redirectUrl,
    state,
    run: (effect) => run(effect),
    checkResource: sdk.checkResourceAllowed
  })
  const failed: LoginSession["failed"] = (cause) => new LoginFailed({ problem: describeLogin(cause, conceal) })
  const { resourceMetadataUrl } = challenge
  const scope = sdk.computeScopeUnion(record.neededScope, oauth.scope ?? challenge.scope)
  if (!challenge.refused) {
    const found = yield* Effect.tryPromise({
      try: () => sdk.discoverOAuthServerInfo(url, { fetchFn }),
      catch: failed
    })
    if (found.resourceMetadata === undefined && found.authorizationServerMetadata === undefined)
      return yield* new LoginFailed({ problem: "the server asks for no login, and does not say where there is one" })
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
  if (address === undefined) return yield* new LoginFailed({ problem: "the server does not say where to log in" })
  yield* Effect.mapError(permitted(url, address), ({ problem }) => new LoginFailed({ problem }))
  const transport = new sdk.StreamableHTTPClientTransport(url, { authProvider: provider, fetch: fetchFn })
  return {
    address,
    isAnswer: (params) => isAnswer(params, state),
    // With all that came back: the SDK compares the `iss` in it, and an error only counts once that is right.
    finish: (answer) => {
      answered = answer
      return transport.finishAuth(answer)
    },
    failed
  }
})

/** Redeems what the browser came back with, and stores the tokens. */
export const finished = (session: LoginSession, answer: URLSearchParams): Effect.Effect<void, LoginFailed> =>
  Effect.tryPromise({ try: () => session.finish(answer), catch: (cause) => session.failed(cause) })
