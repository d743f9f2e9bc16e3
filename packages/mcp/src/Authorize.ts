import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import { openCallback } from "./internal/Callback.ts"
import { finished, type LoginSession, startLogin } from "./internal/LoginSession.ts"
import { askChallenge, type Challenge, randomState } from "./internal/Challenge.ts"
import { type LoginAddress, loginAddress } from "./LoginAddress.ts"
import { LoginFailed } from "./LoginErrors.ts"
import type { LoginRecord } from "./LoginRecord.ts"
import type { LoginStore, LoginStoreError } from "./LoginStore.ts"

/** Whoever can log in: a person with a browser, or a script that plays one. */
export interface Person {
  /** Shows where to log in and, where that is possible, opens a browser there. */
  readonly show: (address: LoginAddress) => Effect.Effect<void, LoginFailed>
  /** What the browser came back with, handed over by the person: the address or the code alone. `Effect.never` if nothing is. */
  readonly paste: Effect.Effect<string, LoginFailed>
}

export interface AuthorizeOptions {
  readonly server: Pick<HttpServer, "url" | "headers" | "oauth">
  readonly store: LoginStore
  readonly person: Person
  /** How long the person has; five minutes when not stated. */
  readonly limit?: Duration.Input | undefined
  /** What the server said when it refused a request; it is asked when this is absent. */
  readonly challenge?: Challenge | undefined
}

const portOf = ({ clients }: LoginRecord): number => {
  const [redirect] = Object.values(clients).flatMap(({ redirect }) => redirect ?? [])
  return redirect !== undefined && URL.canParse(redirect) ? Number(new URL(redirect).port) : 0
}

/** Where the browser comes back to: the configured port; else the registered one, if it is free; else any. */
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
    : Effect.fail(new LoginFailed({ problem: "the pasted address is not the answer to this login" }))
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
 * Logs in to one server, in a browser, and stores what came of it. What is stored is sent to that server, and to the
 * authorization server it came from, and nowhere else. Fails with words for a person; nothing secret is in them.
 */
export const authorize = Effect.fn("McpAuth.authorize")((options: AuthorizeOptions) => {
  const limit = Duration.fromInputUnsafe(options.limit ?? "5 minutes")
  return Effect.scoped(logIn(options)).pipe(
    Effect.timeoutOrElse({
      duration: limit,
      orElse: () =>
        Effect.fail(new LoginFailed({ problem: `nobody has logged in within ${Duration.toSeconds(limit)} s` }))
    })
  )
})
