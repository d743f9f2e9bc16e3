import * as Schema from "effect/Schema"

const Secret = Schema.RedactedFromValue(Schema.String, { label: "oauth" })

/** What an authorization server issued, and for what. */
export const Tokens = Schema.Struct({
  access: Secret,
  refresh: Schema.optionalKey(Secret),
  type: Schema.String,
  scope: Schema.optionalKey(Schema.String),
  /** The authorization server: a refresh token is shown to no other. */
  issuer: Schema.String,
  /** What they were issued for, as it was asked for. */
  resource: Schema.optionalKey(Schema.String)
})
export type Tokens = typeof Tokens.Type

/** What Parley is to one authorization server. */
export const Client = Schema.Struct({
  id: Schema.String,
  secret: Schema.optionalKey(Secret),
  authMethod: Schema.optionalKey(Schema.String),
  /** Where the browser comes back to, as registered. */
  redirect: Schema.optionalKey(Schema.String)
})
export type Client = typeof Client.Type

/** All that is kept of the login to one server. */
export const LoginRecord = Schema.Struct({
  version: Schema.Literal(1),
  server: Schema.String,
  tokens: Schema.optionalKey(Tokens),
  /** By authorization server. */
  clients: Schema.Record(Schema.String, Client),
  /** Where its metadata was found last. */
  discovery: Schema.optionalKey(
    Schema.Struct({ authorizationServer: Schema.String, resourceMetadata: Schema.optionalKey(Schema.String) })
  ),
  /** The authorization server that the configured client was first used at: its secret is shown to no other. */
  configuredAt: Schema.optionalKey(Schema.String),
  /** What the server has asked for beyond what was granted. */
  neededScope: Schema.optionalKey(Schema.String)
})
export type LoginRecord = typeof LoginRecord.Type

export const emptyRecord = (server: string): LoginRecord => ({ version: 1, server, clients: {} })

/** The address of a server as logins are kept by it. */
export const serverKey = (url: string): string => {
  const key = new URL(url)
  key.hash = ""
  return key.href
}

/** Authorization servers are compared as texts, but for a slash at the end. */
export const sameIssuer = (left: string, right: string): boolean => left.replace(/\/$/, "") === right.replace(/\/$/, "")
