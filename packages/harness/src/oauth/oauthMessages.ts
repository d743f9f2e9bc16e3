import type * as http from "node:http"
import { Schema } from "effect"

/** A received request. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export interface Grant {
  readonly client: string
  readonly scope: string
  readonly resource: string
}

/** What a test may change while the server runs. */
export interface Behaviour {
  /** Members added to the correct metadata of the resource and of the authorization server. */
  resource: { readonly [key: string]: unknown }
  metadata: { readonly [key: string]: unknown }
  /** Refuses every token. */
  deaf: boolean
  /** The status and body with which refreshes are refused; absent to allow them. */
  refresh: { readonly status: number; readonly body: string } | undefined
  /** Tokens are issued for this resource instead of the requested one. */
  audience: string | undefined
  /** Tool calls are refused for insufficient scope, whatever was granted. */
  greedy: boolean
  /** Responds instead of the server. */
  override: { readonly [path: string]: (response: http.ServerResponse) => void }
  /** Members that are added to registrations and tokens, or replace theirs; `undefined` removes a member. */
  registration: { readonly [key: string]: unknown }
  tokens: { readonly [key: string]: unknown }
  /** How long a refresh takes, in milliseconds. */
  slow: number
  /** A renewal issues no new refresh token: the one that was sent stays valid. */
  keepsRefresh: boolean
  /** The `iss` in the redirect, instead of the issuer. */
  iss: string | undefined
  /** Replaces the address of the metadata in one of the challenges. */
  challenge: string | undefined
}

export const Message = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.optionalKey(Schema.Unknown),
    method: Schema.String,
    params: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
  })
)
export const Registration = Schema.fromJsonString(Schema.Struct({ redirect_uris: Schema.Array(Schema.String) }))

export const json = (
  response: http.ServerResponse,
  status: number,
  body: object,
  headers: http.OutgoingHttpHeaders = {}
) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))

export const results: { readonly [method: string]: object } = {
  initialize: {
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "guarded", version: "1" }
  },
  "tools/list": {
    tools: ["look", "danger"].map((name) => ({ name, description: name, inputSchema: { type: "object" } }))
  },
  "tools/call": { content: [{ type: "text", text: "done" }] }
}
