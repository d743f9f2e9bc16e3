import * as Schema from "effect/Schema"
import { ResultContent } from "./Content.ts"
import { Segment } from "./ContextManifest.ts"
import { WorkspaceFile } from "./FilesManager.ts"
import { Message } from "./Message.ts"
import { ModelRequest } from "./ModelsManager.ts"
import { TokenCount } from "./RequestSize.ts"
import { RoundId } from "./Ids.ts"
import { SystemPrompt } from "./SystemPrompt.ts"
import { ToolDefinition } from "./Tool.ts"

/** What one dynamic-context slot resolved to. */
export const DynamicResult = Schema.Struct({
  slot: Schema.String,
  toolName: Schema.String,
  /**
   * Resolved for this round; not asked for again, as its policy has it; failed, so that its last value stays; failed and
   * told as such; or failed and left out.
   */
  state: Schema.Literals(["fresh", "kept", "stale", "failed", "dropped"]),
  /** The same for a person, with the reason. */
  why: Schema.String,
  isError: Schema.Boolean,
  result: Schema.Array(ResultContent)
})
export type DynamicResult = typeof DynamicResult.Type

/** A stretch of a request's body, from `start` up to `end`, in bytes of UTF-8, and where it comes from. */
export const WireSpan = Schema.Struct({
  start: Schema.Int,
  end: Schema.Int,
  /** As in the manifest; `envelope` is the provider's own form around it all. */
  source: Schema.String,
  roundId: Schema.optionalKey(RoundId)
})
export type WireSpan = typeof WireSpan.Type

/** A request's body as it travels. The spans cover all of it, without gaps and in order. */
export const Wire = Schema.Struct({ body: Schema.String, spans: Schema.Array(WireSpan) })
export type Wire = typeof Wire.Type

/** A request and where all of it comes from. */
export const RequestContext = Schema.Struct({
  request: ModelRequest,
  manifest: Schema.Array(Segment),
  size: TokenCount,
  /** Where the provider tells. */
  wire: Schema.optionalKey(Wire)
})
export type RequestContext = typeof RequestContext.Type

/** Everything the next request would hold, in its parts and as it would be sent. */
export const SessionContext = Schema.Struct({
  ...RequestContext.fields,
  /** The configured prompt with the tools it is sent with. */
  systemPrompt: Schema.Struct({ ...SystemPrompt.fields, tools: Schema.Array(ToolDefinition) }),
  files: Schema.Array(WorkspaceFile),
  skipped: Schema.Array(Schema.Struct({ path: Schema.String, reason: Schema.String })),
  dynamicContext: Schema.Array(DynamicResult),
  messages: Schema.Array(Message),
  /** Tokens that the request may have, where the model says how much it takes. */
  limit: Schema.optionalKey(Schema.Int)
})
export type SessionContext = typeof SessionContext.Type
