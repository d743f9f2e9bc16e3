import * as Schema from "effect/Schema"

const Secret = Schema.RedactedFromValue(Schema.String, { label: "oauth" })

/** The tokens that an authorization server issued, and what they are for. */
export const Tokens = Schema.Struct({
  access: Secret,
  refresh: Schema.optionalKey(Secret),
  type: Schema.String,
  scope: Schema.optionalKey(Schema.String),
  /** The authorization server. The refresh token is sent to no other. */
  issuer: Schema.String,
  /** The resource (RFC 8707) that the tokens were requested for. */
  resource: Schema.optionalKey(Schema.String)
})
export type Tokens = typeof Tokens.Type

/** Parley's registration as a client at one authorization server. */
export const Client = Schema.Struct({
  id: Schema.String,
  secret: Schema.optionalKey(Secret),
  authMethod: Schema.optionalKey(Schema.String),
  /** The registered redirect address. */
  redirect: Schema.optionalKey(Schema.String)
})
export type Client = typeof Client.Type

/** Everything that is stored about the login to one server. */
export const LoginRecord = Schema.Struct({
  version: Schema.Literal(1),
  server: Schema.String,
  tokens: Schema.optionalKey(Tokens),
  /** Keyed by the issuer of the authorization server. */
  clients: Schema.Record(Schema.String, Client),
  /** Where the server's OAuth metadata was last found. */
  discovery: Schema.optionalKey(
    Schema.Struct({ authorizationServer: Schema.String, resourceMetadata: Schema.optionalKey(Schema.String) })
  ),
  /** The authorization server at which the configured client was first used. Its secret is sent to no other. */
  configuredAt: Schema.optionalKey(Schema.String),
  /** The scope that the server has demanded beyond what was granted. */
  neededScope: Schema.optionalKey(Schema.String)
})
export type LoginRecord = typeof LoginRecord.Type

export const emptyRecord = (server: string): LoginRecord => ({ version: 1, server, clients: {} })

/** The key under which a server's login is stored: its address without the fragment. */
export const serverKey = (url: string): string => {
  const key = new URL(url)
  key.hash = ""
  return key.href
}

/** Compares the identifiers of two authorization servers as strings, ignoring a slash at the end. */
export const sameIssuer = (left: string, right: string): boolean => left.replace(/\/$/, "") === right.replace(/\/$/, "")
