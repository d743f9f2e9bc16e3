import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import { openCallback } from "./Callback.ts"
import { finished, type LoginSession, startLogin } from "./LoginSession.ts"
import { askChallenge, type Challenge, randomState } from "./Challenge.ts"
import { type LoginAddress, loginAddress } from "./LoginAddress.ts"
import { LoginFailed } from "../sdk/LoginErrors.ts"
import type { LoginRecord } from "./LoginRecord.ts"
import type { LoginStore, LoginStoreError } from "./LoginStore.ts"

/**
 * The user who logs in: a person with a browser, or a script in a test.
 *
 * @since 0.1.0
 * @category models
 */
export interface Person {
  /** Shows the address at which to log in and, if possible, opens it in a browser. */
  readonly show: (address: LoginAddress) => Effect.Effect<void, LoginFailed>
  /**
   * The address that the browser was redirected to, or only the `code` in it, as pasted by the person. `Effect.never` if
   * nothing can be pasted.
   */
  readonly paste: Effect.Effect<string, LoginFailed>
}

/**
 * What `authorize` needs: the server, where its login is stored, and the person who logs in.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthorizeOptions {
  readonly server: Pick<HttpServer, "url" | "headers" | "oauth">
  readonly store: LoginStore
  readonly person: Person
  /** How long the person may take; five minutes by default. */
  readonly limit?: Duration.Input | undefined
  /** The server's challenge from a refused request. If absent, a request without a login is sent to obtain one. */
  readonly challenge?: Challenge | undefined
}

const portOf = ({ clients }: LoginRecord): number => {
  const [redirect] = Object.values(clients).flatMap(({ redirect }) => redirect ?? [])
  return redirect !== undefined && URL.canParse(redirect) ? Number(new URL(redirect).port) : 0
}

/** Listens for the redirect: on the configured port, or else on the registered port if it is free, or else on any port. */
const openFor = (state: string, configured: number | undefined, record: LoginRecord) =>
  configured === undefined
    ? Effect.catch(openCallback(state, portOf(record)), () => openCallback(state, 0))
    : openCallback(state, configured)

const pasted = (text: string, session: LoginSession): Effect.Effect<URLSearchParams, LoginFailed> => {
  const trimmed = text.trim()
  if (trimmed === "") return Effect.fail(new LoginFailed({ problem: "nothing was pasted" }))
  if (!/^https?:\/\//.test(trimmed)) return Effect.succeed(new URLSearchParams({ code: trimmed }))
  const params = URL.parse(trimmed)?.searchParams
  return params !== undefined && session.isAnswer(params)
    ? Effect.succeed(params)
    : Effect.fail(new LoginFailed({ problem: "the pasted address does not belong to this login" }))
}

const logIn = Effect.fnUntraced(function* (
  options: AuthorizeOptions
): Effect.fn.Return<void, LoginFailed | LoginStoreError, Scope> {
  const { person, server, store } = options
  const login = store.login(server.url)
  const record = yield* login.read
  const state = randomState()
  const callback = yield* openFor(state, server.oauth?.redirectPort, record)
  const challenge = options.challenge ?? (yield* askChallenge(server))
  const session = yield* startLogin({ server, login, record, challenge, state, redirectUrl: callback.url })
  const address = yield* Effect.mapError(
    Effect.fromResult(loginAddress(session.address.href)),
    (problem) => new LoginFailed({ problem })
  )
  yield* person.show(address)
  const answer = yield* Effect.raceFirst(
    callback.answer,
    Effect.flatMap(person.paste, (text) => pasted(text, session))
  )
  yield* finished(session, answer)
})

/**
 * Logs in to one server with a browser (OAuth 2.1 authorization code flow) and stores the tokens. They are sent only to that
 * server and to the authorization server that issued them. Fails with `LoginFailed`, whose `problem` is for a person and
 * contains no secrets, or with `LoginStoreError`.
 *
 * @since 0.1.0
 * @category functions
 */
export const authorize = Effect.fn("McpAuth.authorize")((options: AuthorizeOptions) => {
  const limit = Duration.fromInputUnsafe(options.limit ?? "5 minutes")
  return Effect.scoped(logIn(options)).pipe(
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () =>
        Effect.fail(new LoginFailed({ problem: `the login was not completed within ${Duration.toSeconds(limit)} s` }))
    })
  )
})
