/**
 * The MCP SDK, loaded when a server is first needed and not when this module is: it costs about a tenth of a second. Only
 * this file and those beside it that open connections know the SDK.
 */
import type { Server } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"

export type { Server }
export type ClientInfo = { readonly name: string; readonly version: string }

export const loadClient = Effect.promise(() => import("@modelcontextprotocol/client"))

/** The server half of the SDK, for the server that runs inside this process. */
export const loadServer = Effect.promise(() => import("@modelcontextprotocol/server"))

/** The SDK's validator that interprets a JSON Schema and, unlike its default, generates no code from it. */
export const loadValidator = Effect.map(
  Effect.promise(() => import("@modelcontextprotocol/client/validators/cf-worker")),
  ({ CfWorkerJsonSchemaValidator }) => new CfWorkerJsonSchemaValidator()
)
