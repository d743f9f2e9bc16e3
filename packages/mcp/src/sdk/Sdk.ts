/**
 * The MCP SDK, loaded when a server is first needed instead of at import, since loading takes about a tenth of a second.
 * Only this file and the modules that open connections import the SDK.
 */
import * as Effect from "effect/Effect"

export type ClientInfo = { readonly name: string; readonly version: string }

export const loadClient = Effect.promise(() => import("@modelcontextprotocol/client"))

/** The SDK's validator that interprets a JSON Schema. Unlike the SDK's default validator, it generates no code from it. */
export const loadValidator = Effect.map(
  Effect.promise(() => import("@modelcontextprotocol/client/validators/cf-worker")),
  ({ CfWorkerJsonSchemaValidator }) => new CfWorkerJsonSchemaValidator()
)
