import type { HttpServer } from "@parley/domain/McpServerConfig"
import type { FetchLike } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { LoginNeeded } from "../sdk/LoginErrors.ts"
import { type LoginRecord, sameIssuer, type Tokens } from "./LoginRecord.ts"
import { redacted, describeLogin, secretsOf } from "./LoginSecrets.ts"
import { clientOf } from "./OAuthClients.ts"
import { resourceFor } from "../sdk/ResourceMetadata.ts"
import type { Sdk } from "../sdk/ServerFetch.ts"

/** The tokens could not be renewed now; a later attempt may succeed. */
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
  readonly fetchFn: (redact: (text: string) => string) => FetchLike
  readonly resourceMetadataUrl: URL | undefined
}

/** Error codes of a server that is temporarily unavailable. All other codes mean that the refresh token is not accepted. */
const passing = new Set(["server_error", "temporarily_unavailable", "too_many_requests", "slow_down"])

/**
 * Renews tokens. Discovery is repeated first, and the refresh token is sent only to the authorization server that issued it,
 * for the resource that it was issued for. Fails with `LoginNeeded` if a new login is required, or with `RefreshDelayed`.
 */
export const refreshed = Effect.fnUntraced(function* (options: Options) {
  const { record, sdk, server, tokens } = options
  const oauth = server.oauth ?? {}
  const redact = (text: string): string => redacted(text, secretsOf(record, oauth))
  const fetchFn = options.fetchFn(redact)
  const delayed = (cause: unknown) =>
    new RefreshDelayed({ problem: `the login could not be renewed: ${describeLogin(cause, redact)}` })
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
