import type * as Effect from "effect/Effect"
import type { ToolDefinition } from "@parley/domain/Tool"
import type { ToolInput } from "@parley/domain/McpManager"
import type { Changes } from "./Changes.ts"
import type { OfferRequests } from "./OfferRequests.ts"
import type { RequestFailure } from "./SdkFailure.ts"

/** One server that has answered, until its scope closes. */
export interface Connection {
  readonly hasTools: boolean
  /** What the server said of itself for the model when it was greeted, as it sent it. */
  readonly instructions: string | undefined
  /** One page of `tools/list`, as the server sent it: one bad tool must not cost the whole page. */
  readonly listTools: (cursor: string | undefined) => Effect.Effect<unknown, RequestFailure>
  readonly callTool: (
    tool: Pick<ToolDefinition, "tool" | "inputSchema">,
    input: ToolInput,
    meta: { readonly [key: string]: string },
    /** Told of what the server reports of this call's progress, which it is asked for; must be quick and not throw. */
    onProgress?: (progress: unknown) => void
  ) => Effect.Effect<unknown, RequestFailure>
  readonly toolsChanged: Changes
  readonly offers: OfferRequests
  /** Asks for nothing but an answer. */
  readonly ping: Effect.Effect<unknown, RequestFailure>
  /** Completes when the connection has closed, from either side, with why that was. */
  readonly closed: Effect.Effect<string>
}
