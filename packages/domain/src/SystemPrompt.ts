import * as Schema from "effect/Schema"
import { Provenance } from "./Provenance.ts"

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
  includeDateTime: Schema.Boolean,
  /**
   * Who wrote its texts, where that is not the user or the application. Whoever reads a prompt from files that others may
   * write has to say `outside` of what is read there: a request that holds it is tainted.
   */
  provenance: Schema.optionalKey(
    Schema.Struct({
      instructions: Schema.optionalKey(Provenance),
      capabilities: Schema.optionalKey(Provenance),
      rules: Schema.optionalKey(Provenance)
    })
  )
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
