import type { OAuthClientInformation, StoredOAuthClientInformation } from "@modelcontextprotocol/client"
import type { OAuthConfig } from "@parley/domain/McpServerConfig"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type Client, type LoginRecord, sameIssuer } from "./LoginRecord.ts"

const decodeMethod = Schema.decodeUnknownOption(Schema.Struct({ token_endpoint_auth_method: Schema.String }))

export type ClientInformation = OAuthClientInformation & {
  readonly issuer: string
  readonly token_endpoint_auth_method?: string
}

const known = ({ clients }: LoginRecord, issuer: string): Client | undefined =>
  Object.entries(clients).find(([key]) => sameIssuer(key, issuer))?.[1]

/** The configured client, unless it was used at another authorization server: a client is registered at only one. */
const configured = (record: LoginRecord, { clientId, clientSecret }: OAuthConfig, issuer: string) =>
  clientId === undefined || !sameIssuer(record.configuredAt ?? issuer, issuer)
    ? undefined
    : { client_id: clientId, issuer, ...(clientSecret === undefined ? {} : { client_secret: clientSecret }) }

/**
 * Parley's client registration at an authorization server, if there is one. With `redirect`, only a client that may use that
 * redirect address: most authorization servers accept only the registered port.
 */
export const clientOf = (
  record: LoginRecord,
  oauth: OAuthConfig,
  issuer: string | undefined,
  redirect?: string
): ClientInformation | undefined => {
  if (issuer === undefined) return undefined
  const own = configured(record, oauth, issuer)
  if (own !== undefined) return own
  const client = known(record, issuer)
  if (client === undefined) return undefined
  const fits = redirect === undefined || client.id === oauth.clientMetadataUrl || client.redirect === redirect
  if (!fits) return undefined
  return {
    client_id: client.id,
    issuer,
    ...(client.secret === undefined ? {} : { client_secret: Redacted.value(client.secret) }),
    ...(client.authMethod === undefined ? {} : { token_endpoint_auth_method: client.authMethod })
  }
}

const saveClient =
  (information: StoredOAuthClientInformation, issuer: string, redirect: string, oauth: OAuthConfig) =>
  (record: LoginRecord): LoginRecord => {
    if (information.client_id === oauth.clientId) return record
    const method = Option.getOrUndefined(decodeMethod(information))?.token_endpoint_auth_method
    const client: Client = {
      id: information.client_id,
      redirect,
      ...(information.client_secret === undefined
        ? {}
        : { secret: Redacted.make(information.client_secret, { label: "oauth" }) }),
      ...(method === undefined ? {} : { authMethod: method })
    }
    return { ...record, clients: { ...record.clients, [issuer]: client } }
  }

const withoutTokens = ({ tokens: _tokens, ...record }: LoginRecord): LoginRecord => record
const withoutClients = (record: LoginRecord): LoginRecord => ({ ...record, clients: {} })

export const stored = { saveClient, withoutTokens, withoutClients }
