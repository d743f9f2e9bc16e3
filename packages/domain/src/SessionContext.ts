import * as Schema from "effect/Schema"
import { ResultContent } from "./Content.ts"
import { Segment } from "./ContextManifest.ts"
import { WorkspaceFile } from "./FilesManager.ts"
import { Message } from "./Message.ts"
import { ModelRequest } from "./ModelsManager.ts"
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

/** Everything the next request would hold, in its parts and as it would be sent. */
export const SessionContext = Schema.Struct({
  /** The configured prompt with the tools it is sent with. */
  systemPrompt: Schema.Struct({ ...SystemPrompt.fields, tools: Schema.Array(ToolDefinition) }),
  files: Schema.Array(WorkspaceFile),
  skipped: Schema.Array(Schema.Struct({ path: Schema.String, reason: Schema.String })),
  dynamicContext: Schema.Array(DynamicResult),
  messages: Schema.Array(Message),
  request: ModelRequest,
  manifest: Schema.Array(Segment)
})
export type SessionContext = typeof SessionContext.Type
