import * as Schema from "effect/Schema"
import { Provenance } from "./Provenance.ts"

/**
 * The parts of the system prompt that the user configures. Requests leave out empty parts.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SystemPrompt = Schema.Struct({
  /** Free text at the beginning of the system prompt. */
  instructions: Schema.String,
  /** One line each, rendered as a list with the heading "Capabilities". */
  capabilities: Schema.Array(Schema.String),
  /** One line each, rendered as a list with the heading "Rules". */
  rules: Schema.Array(Schema.String),
  /** Whether requests contain the workspace's name and directory. */
  includeWorkspaceMetadata: Schema.Boolean,
  /** Whether requests contain the operating system and the architecture. */
  includeSystemInfo: Schema.Boolean,
  /** Whether rounds contain the branch, the status and the recent commits of the workspace's repository. Default: true. */
  includeRepository: Schema.optionalKey(Schema.Boolean),
  /** Whether each round contains its date and time. */
  includeDateTime: Schema.Boolean,
  /**
   * Who wrote the texts, if not the user or the application. A prompt manager that reads texts from files that others may
   * write must set `outside` for them, so that requests that contain them are tainted.
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

/**
 * A system prompt without any texts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: SystemPrompt = {
  instructions: "",
  capabilities: [],
  rules: [],
  includeWorkspaceMetadata: false,
  includeSystemInfo: false,
  includeDateTime: false
}
