import type { AuthProvider, FetchLike } from "@modelcontextprotocol/client"
import type { HttpServer } from "@parley/domain/McpServerConfig"
import * as Http from "@parley/http/Http"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Redacted from "effect/Redacted"
import * as Semaphore from "effect/Semaphore"
import { authorize, type Person } from "./Authorize.ts"
import { LoginNeeded, ScopeNeeded } from "../sdk/LoginErrors.ts"
import type { LoginRecord } from "./LoginRecord.ts"
import { type LoginStore, update } from "./LoginStore.ts"
import { plainLine } from "@parley/domain/VisibleText"
import { authFetch } from "./AuthFetch.ts"
import { stored } from "./OAuthClients.ts"
import { refreshed } from "./Refresh.ts"
import { loadClient } from "../sdk/Sdk.ts"
import { serverHttp, serverFetch } from "../sdk/ServerFetch.ts"

/** How often a person is sent to a browser for one connection, however often the server demands a login. */
const maxLogins = 3

export interface AuthorizerOptions {
  readonly server: Pick<HttpServer, "url" | "headers" | "oauth" | "startTimeoutMillis">
  readonly store: LoginStore
  /** The user who can log in immediately. If absent, a server that requires a login is not used. */
  readonly person: Person | undefined
  /** What the user should do about a missing login: "run …". */
  readonly advice: string
}

/** The login to one server in the form that every transport of the SDK accepts as options. */
export interface Login {
  /** Adds the configured headers, and handles responses that demand a login or more scope. */
  readonly fetch: FetchLike
  readonly authProvider: AuthProvider
}

export interface Authorizer extends Login {
  /** Why a login is required before the server can be used; `undefined` after a successful response. */
  readonly trouble: () => string | undefined
}

const bearerIn = (headers: Headers): string | undefined =>
  /^Bearer (.+)$/s.exec(headers.get("authorization") ?? "")?.[1]

/** The login of one connection. Its own requests are interrupted when the scope ends. */
export const makeAuthorizer = Effect.fnUntraced(function* (options: AuthorizerOptions) {
  const { advice, person, server, store } = options
  const sdk = yield* loadClient
  const run = yield* FiberSet.makeRuntimePromise()
  const turns = yield* Semaphore.make(1)
  const login = store.login(server.url)
  const url = new URL(server.url)
  const http = yield* Http.Client
  const fetchFn = (redact: (text: string) => string) => authFetch(url, (effect) => run(effect), redact, http)
  const plain = serverFetch(sdk, url, server.headers ?? {}, yield* serverHttp(server))
  /** The token of the request that each response refused. */
  const refusedWith = new WeakMap<Response, string>()
  /** Tokens that were issued for this connection. If the server refuses one of these, it is not renewed again. */
  const fresh = new Set<string>()
  let logins = 0
  let trouble: string | undefined

  const needed = (why: string) => {
    trouble = `${why}; ${advice}`
    return new LoginNeeded({ problem: trouble })
  }
  const tokenOf = ({ tokens }: LoginRecord) => (tokens === undefined ? undefined : Redacted.value(tokens.access))
  const current = Effect.map(login.read, tokenOf)

  const logIn = Effect.fnUntraced(function* (response: Response, who: Person) {
    if (logins >= maxLogins) return yield* needed(`it wanted a login more than ${maxLogins} times`)
    logins++
    const challenge = { ...sdk.extractWWWAuthenticateParams(response), refused: true }
    yield* Effect.mapError(
      authorize({
        server,
        store,
        person: who,
        challenge: { scope: challenge.scope, resourceMetadataUrl: challenge.resourceMetadataUrl, refused: true }
      }),
      ({ message }) => needed(`the login failed: ${message}`)
    )
    const token = yield* current
    if (token !== undefined) fresh.add(token)
  })

  /** Replaces the refused token: by one that another process or fiber has stored meanwhile, or by renewing it. */
  const renew = (refused: string | undefined, response: Response) =>
    login.alone(({ read, write }) =>
      Effect.gen(function* () {
        const record = yield* read
        const { tokens } = record
        if (tokens === undefined) return yield* needed("it wants a login")
        if (tokenOf(record) !== refused) return
        const { resourceMetadataUrl } = sdk.extractWWWAuthenticateParams(response)
        const renewed = yield* refreshed({ sdk, server, record, tokens, fetchFn, resourceMetadataUrl }).pipe(
          // Tokens that were refused permanently are deleted, so that they are not tried again.
          Effect.tapErrorTag("LoginNeeded", () => write(stored.withoutTokens(record))),
          Effect.catchTag("LoginNeeded", ({ problem }) => Effect.fail(needed(problem)))
        )
        fresh.add(Redacted.value(renewed.access))
        yield* write({ ...record, tokens: renewed })
      })
    )

  const onUnauthorized = ({ response }: { readonly response: Response }) =>
    run(
      turns.withPermit(
        renew(refusedWith.get(response), response).pipe(
          Effect.catchTag("LoginNeeded", (error) =>
            person === undefined ? Effect.fail(error) : logIn(response, person)
          )
        )
      )
    )

  /** The request needs more scope than was granted. That scope is stored for the next login. */
  const stepUp = Effect.fnUntraced(function* (response: Response, refused: string | undefined) {
    const { scope } = sdk.extractWWWAuthenticateParams(response)
    yield* update(login, (record) => {
      const union = sdk.computeScopeUnion(record.tokens?.scope, record.neededScope, scope)
      return union === undefined ? record : { ...record, neededScope: union }
    })
    // Another process or fiber may have logged in with more scope meanwhile.
    if ((yield* current) !== refused && refused !== undefined) return
    const wanted = scope === undefined ? "" : ` (${plainLine(scope, 200)})`
    if (person !== undefined && logins < maxLogins) return yield* logIn(response, person)
    trouble = `The server wants more rights than the login has${wanted}: ${advice}`
    return yield* new ScopeNeeded({ problem: trouble })
  })

  const insufficient = (response: Response): boolean =>
    response.status === 403 && sdk.extractWWWAuthenticateParams(response).error === "insufficient_scope"

  const ask = (target: string | URL, init: RequestInit | undefined, tries: number): Promise<Response> => {
    const headers = new Headers(init?.headers)
    const bearer = bearerIn(headers)
    return plain(target, { ...init, headers }).then((response) => {
      if (response.ok) trouble = undefined
      if (response.status === 401 && bearer !== undefined) {
        refusedWith.set(response, bearer)
        if (fresh.has(bearer) && (person === undefined || logins >= maxLogins))
          return Promise.reject(needed("it refuses the login that was just made for it"))
      }
      if (!insufficient(response) || tries >= maxLogins) return response
      const discarded = Effect.ignore(Effect.tryPromise(() => response.body?.cancel() ?? Promise.resolve()))
      const another = turns.withPermit(stepUp(response, bearer)).pipe(Effect.andThen(current))
      return run(Effect.andThen(discarded, another)).then((token) => {
        if (token !== undefined) headers.set("authorization", `Bearer ${token}`)
        return ask(target, { ...init, headers }, tries + 1)
      })
    })
  }

  return {
    fetch: (target, init) => ask(target, init, 0),
    authProvider: { token: () => run(current), onUnauthorized },
    trouble: () => trouble
  } satisfies Authorizer
})
