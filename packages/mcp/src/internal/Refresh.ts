import type { HttpServer } from "@parley/domain/McpServerConfig"
import type { FetchLike } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { LoginNeeded } from "../LoginErrors.ts"
import { type LoginRecord, sameIssuer, type Tokens } from "../LoginRecord.ts"
import { concealed, describeLogin, secretsOf } from "./Concealing.ts"
import { clientOf } from "./OAuthClients.ts"
import { resourceFor } from "./Resource.ts"
import type { Sdk } from "./ServerFetch.ts"

/** The tokens could not be renewed now, and perhaps can be later. */
export class RefreshDelayed extends Schema.TaggedError<RefreshDelayed>()("RefreshDelayed", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

interface Options {
  readonly sdk: Sdk
  readonly server: Pick<HttpServer, "url" | "oauth">
  readonly record: LoginRecord
  readonly tokens: Tokens
  readonly fetchFn: (conceal: (text: string) => string) => FetchLike
  readonly resourceMetadataUrl: URL | undefined
}

/** What an authorization server says when it is not able to answer: all else is a verdict on the refresh token. */
const passing = new Set(["server_error", "temporarily_unavailable", "too_many_requests", "slow_down"])

/**
 * Renews tokens. The server is asked anew which authorization server it has, and a refresh token is shown only to the one
 * that issued it, for the resource that it was issued for.
 */
export const refreshed = Effect.fnUntraced(function* (options: Options) {
  const { record, sdk, server, tokens } = options
  const oauth = server.oauth ?? {}
  const conceal = (text: string): string => concealed(text, secretsOf(record, oauth))
  const fetchFn = options.fetchFn(conceal)
  const delayed = (cause: unknown) =>
    new RefreshDelayed({ problem: `the login could not be renewed: ${describeLogin(cause, conceal)}` })
  const stored = record.discovery?.resourceMetadata
  const resourceMetadataUrl = options.resourceMetadataUrl ?? (stored === undefined ? undefined : new URL(stored))
  if (tokens.refresh === undefined) return yield* new LoginNeeded({ problem: "the login has expired" })
  const refreshToken = Redacted.value(tokens.refresh)
  const found = yield* Effect.tryPromise({
    try: () =>
      sdk.discoverOAuthServerInfo(server.url, {
        fetchFn,
        ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl })
      }),
    catch: delayed
  })
  const { authorizationServerMetadata: metadata, authorizationServerUrl, resourceMetadata } = found
  const issuer = metadata?.issuer ?? authorizationServerUrl
  if (!sameIssuer(issuer, tokens.issuer))
    return yield* new LoginNeeded({ problem: "the server has another authorization server now" })
  const client = clientOf(record, oauth, issuer)
  if (client === undefined) return yield* new LoginNeeded({ problem: "the login is one of another client" })
  const resource = yield* Effect.try({
    try: () =>
      resourceFor(sdk.resourceUrlFromServerUrl(server.url), resourceMetadata?.resource, sdk.checkResourceAllowed),
    catch: () => new LoginNeeded({ problem: "the server names another resource than itself" })
  })
  if (tokens.resource !== undefined && tokens.resource !== resource.href)
    return yield* new LoginNeeded({ problem: "the login was made for another resource" })
  const issued = yield* Effect.tryPromise({
    try: () =>
      sdk.refreshAuthorization(authorizationServerUrl, {
        ...(metadata === undefined ? {} : { metadata }),
        clientInformation: client,
        refreshToken,
        resource,
        fetchFn
      }),
    catch: (cause) =>
      cause instanceof sdk.OAuthError && !passing.has(cause.code)
        ? new LoginNeeded({ problem: "the login has expired or was taken back" })
        : delayed(cause)
  })
  const scope = issued.scope ?? tokens.scope
  const renewed: Tokens = {
    issuer: tokens.issuer,
    access: Redacted.make(issued.access_token, { label: "oauth" }),
    refresh: Redacted.make(issued.refresh_token ?? refreshToken, { label: "oauth" }),
    type: issued.token_type,
    resource: resource.href,
    ...(scope === undefined ? {} : { scope })
  }
  return renewed
})
