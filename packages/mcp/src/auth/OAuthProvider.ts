import type {
  OAuthClientInformationContext,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens
} from "@modelcontextprotocol/client"
import type { OAuthConfig } from "@parley/domain/McpServerConfig"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type LoginRecord, sameIssuer, type Tokens } from "./LoginRecord.ts"
import { type Login, type LoginStoreError, update } from "./LoginStore.ts"
import { clientOf, stored } from "./OAuthClients.ts"
import { resourceFor } from "../sdk/ResourceMetadata.ts"

export interface ProviderOptions {
  readonly login: Login
  readonly oauth: OAuthConfig
  readonly redirectUrl: string
  /** The OAuth `state`: the browser returns it with the redirect, which proves that the redirect belongs to this login. */
  readonly state: string
  readonly run: <A>(effect: Effect.Effect<A, LoginStoreError>) => Promise<A>
  readonly checkResource: (of: { requestedResource: string | URL; configuredResource: string | URL }) => boolean
}

/** The provider that the SDK uses during one login. `address` is where it wants to send the browser in the end. */
export interface LoginProvider extends OAuthClientProvider {
  readonly address: () => URL | undefined
  readonly verifier: () => string | undefined
}

const tokensOf = (
  tokens: StoredOAuthTokens,
  issuer: string,
  asked: { readonly scope: string | undefined; readonly resource: string | undefined }
): Tokens => {
  // A server that grants the requested scope need not repeat it.
  const scope = tokens.scope ?? asked.scope
  return {
    access: Redacted.make(tokens.access_token, { label: "oauth" }),
    type: tokens.token_type,
    issuer,
    ...(tokens.refresh_token === undefined ? {} : { refresh: Redacted.make(tokens.refresh_token, { label: "oauth" }) }),
    ...(scope === undefined ? {} : { scope }),
    ...(asked.resource === undefined ? {} : { resource: asked.resource })
  }
}

const { saveClient, withoutClients, withoutTokens } = stored

/** The provider for one login, based on the stored record of earlier logins. */
export const makeProvider = (options: ProviderOptions): LoginProvider => {
  const { login, oauth, redirectUrl, run } = options
  let address: URL | undefined
  let verifier: Redacted.Redacted | undefined
  let discovery: OAuthDiscoveryState | undefined
  let resource: string | undefined
  const change = (edit: (record: LoginRecord) => LoginRecord) => run(update(login, edit))
  const issuerOf = (context: OAuthClientInformationContext | undefined, stamped: string | undefined): string =>
    context?.issuer ?? stamped ?? discovery?.authorizationServerMetadata?.issuer ?? ""

  return {
    address: () => address,
    verifier: () => (verifier === undefined ? undefined : Redacted.value(verifier)),
    redirectUrl,
    ...(oauth.clientMetadataUrl === undefined ? {} : { clientMetadataUrl: oauth.clientMetadataUrl }),
    clientMetadata: {
      client_name: "Parley",
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      ...(oauth.scope === undefined ? {} : { scope: oauth.scope })
    },
    state: () => options.state,
    clientInformation: (context) =>
      run(Effect.map(login.read, (record) => clientOf(record, oauth, context?.issuer, redirectUrl))),
    saveClientInformation: (information: StoredOAuthClientInformation, context) =>
      change(saveClient(information, issuerOf(context, information.issuer), redirectUrl, oauth)),
    tokens: (context) =>
      run(
        Effect.map(login.read, ({ tokens }) =>
          tokens === undefined || (context !== undefined && !sameIssuer(context.issuer, tokens.issuer))
            ? undefined
            : {
                access_token: Redacted.value(tokens.access),
                token_type: tokens.type,
                issuer: tokens.issuer,
                ...(tokens.scope === undefined ? {} : { scope: tokens.scope })
              }
        )
      ),
    saveTokens: (tokens, context) => {
      const issuer = issuerOf(context, tokens.issuer)
      const asked = { scope: address?.searchParams.get("scope") ?? undefined, resource }
      return change((record) => ({
        ...record,
        tokens: tokensOf(tokens, issuer, asked),
        ...(oauth.clientId === undefined ? {} : { configuredAt: record.configuredAt ?? issuer })
      }))
    },
    redirectToAuthorization: (url) => void (address = url),
    saveCodeVerifier: (text) => void (verifier = Redacted.make(text, { label: "verifier" })),
    codeVerifier: () => (verifier === undefined ? "" : Redacted.value(verifier)),
    validateResourceURL: (server, named) =>
      Promise.resolve().then(() => resourceFor(server, named, options.checkResource)),
    saveResourceUrl: (url) => void (resource = url),
    discoveryState: () => discovery,
    saveDiscoveryState: (state) => {
      discovery = state
      return change((record) => ({
        ...record,
        discovery: {
          authorizationServer: state.authorizationServerUrl,
          ...(state.resourceMetadataUrl === undefined ? {} : { resourceMetadata: state.resourceMetadataUrl })
        }
      }))
    },
    invalidateCredentials: (scope) => {
      if (scope === "verifier" || scope === "all") verifier = undefined
      if (scope === "discovery" || scope === "all") discovery = undefined
      return change((record) => {
        const { discovery: _discovery, ...undiscovered } = record
        const rest = scope === "discovery" || scope === "all" ? undiscovered : record
        // A failed login says nothing about the tokens of the previous one, so those are kept unless `all` is requested.
        const kept = scope === "all" ? withoutTokens(rest) : rest
        return scope === "client" || scope === "all" ? withoutClients(kept) : kept
      })
    }
  }
}
