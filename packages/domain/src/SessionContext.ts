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

/**
 * The value of one slot in a round.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DynamicResult = Schema.Struct({
  slot: Schema.String,
  toolName: Schema.String,
  /**
   * - `fresh`: the tool was called for this round.
   * - `kept`: the tool was not called, according to the slot's `refresh` policy; the last value is used.
   * - `stale`: the call failed, and the last value is used.
   * - `failed`: the call failed, and the context contains the error.
   * - `dropped`: the call failed, and the context contains nothing.
   */
  state: Schema.Literals(["fresh", "kept", "stale", "failed", "dropped"]),
  /** The state and its reason, for people. */
  why: Schema.String,
  isError: Schema.Boolean,
  result: Schema.Array(ResultContent)
})
export type DynamicResult = typeof DynamicResult.Type

/**
 * A part of a request's body and its source: from `start` (inclusive) to `end` (exclusive) in UTF-8 bytes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const WireSpan = Schema.Struct({
  start: Schema.Int,
  end: Schema.Int,
  /** The source as in the manifest, or `envelope` for the provider's framing. */
  source: Schema.String,
  roundId: Schema.optionalKey(RoundId)
})
export type WireSpan = typeof WireSpan.Type

/**
 * A request's body as sent. The spans cover it completely, in order and without gaps.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Wire = Schema.Struct({ body: Schema.String, spans: Schema.Array(WireSpan) })
export type Wire = typeof Wire.Type

/**
 * A request and the sources of everything in it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RequestContext = Schema.Struct({
  request: ModelRequest,
  manifest: Schema.Array(Segment),
  size: TokenCount,
  /** Absent if the provider cannot render requests; see `ModelsManager.render`. */
  wire: Schema.optionalKey(Wire)
})
export type RequestContext = typeof RequestContext.Type

/**
 * Everything that the next request would contain: the request itself and the parts from which it is built.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionContext = Schema.Struct({
  ...RequestContext.fields,
  /** The configured system prompt and the tools that are sent with it. */
  systemPrompt: Schema.Struct({ ...SystemPrompt.fields, tools: Schema.Array(ToolDefinition) }),
  files: Schema.Array(WorkspaceFile),
  skipped: Schema.Array(Schema.Struct({ path: Schema.String, reason: Schema.String })),
  dynamicContext: Schema.Array(DynamicResult),
  messages: Schema.Array(Message),
  /** Maximum size of the request in tokens. Absent if the model's context window is unknown. */
  limit: Schema.optionalKey(Schema.Int)
})
export type SessionContext = typeof SessionContext.Type
