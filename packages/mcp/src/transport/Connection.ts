import type * as Effect from "effect/Effect"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { ToolInput } from "@parley/domain/McpManager"
import type { Changes } from "./Changes.ts"
import type { CatalogRequests } from "./CatalogRequests.ts"
import type { RequestFailure } from "../sdk/SdkFailure.ts"

/** An open connection to a server that has responded to the handshake. It is valid until its scope closes. */
export interface Connection {
  readonly hasTools: boolean
  /** The instructions for the model that the server sent in the handshake, unchanged. */
  readonly instructions: string | undefined
  /** Returns one page of `tools/list` unchanged, so that one malformed tool does not invalidate the whole page. */
  readonly listTools: (cursor: string | undefined) => Effect.Effect<unknown, RequestFailure>
  readonly callTool: (
    tool: Pick<ToolDefinition, "tool" | "inputSchema">,
    input: ToolInput,
    meta: { readonly [key: string]: string },
    /**
     * Receives the server's progress reports for this call. If present, progress is requested. Must be fast and not throw.
     */
    onProgress?: (progress: unknown) => void
  ) => Effect.Effect<unknown, RequestFailure>
  readonly toolsChanged: Changes
  readonly catalog: CatalogRequests
  /** Sends a request whose only purpose is to get a response. */
  readonly ping: Effect.Effect<unknown, RequestFailure>
  /** Completes when either side has closed the connection, with the reason. */
  readonly closed: Effect.Effect<string>
}
