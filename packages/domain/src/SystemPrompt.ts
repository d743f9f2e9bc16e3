import * as Schema from "effect/Schema"

/** What the user configures of the system prompt. Empty parts vanish from the request. */
export const SystemPrompt = Schema.Struct({
  instructions: Schema.String,
  capabilities: Schema.Array(Schema.String),
  rules: Schema.Array(Schema.String),
  /** The workspace's name and directory. */
  includeWorkspaceMetadata: Schema.Boolean,
  /** Operating system and architecture. */
  includeSystemInfo: Schema.Boolean,
  /** Date and time of the round. */
  includeDateTime: Schema.Boolean
})
export type SystemPrompt = typeof SystemPrompt.Type

export const empty: SystemPrompt = {
  instructions: "",
  capabilities: [],
  rules: [],
  includeWorkspaceMetadata: false,
  includeSystemInfo: false,
  includeDateTime: false
}
