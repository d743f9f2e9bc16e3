import type { ToolInput } from "@parley/domain/McpManager"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"

/**
 * Descriptions of the violations found.
 *
 * @since 0.1.0
 * @category models
 */
export type Violations = ReadonlyArray<string>

/**
 * A call as it reached a tool, and the state of the store at that moment.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedCall {
  /** The idempotency key: `session/round/turn/call`, or `session/preview/call`. */
  readonly key: string
  readonly name: string
  readonly input: ToolInput
  readonly preview: boolean
  /** Whether the user marked the tool as safe to repeat. */
  readonly safeToRepeat?: boolean
  /** How many other calls of the same turn were running. */
  readonly beside: number
  readonly startStored: boolean
  readonly turnStored: boolean
  running: boolean
}

/**
 * A request as it reached a model, its turn, and whether the start of that turn was stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedRequest {
  readonly request: ModelRequest
  readonly turnId: string | undefined
  readonly turnStored: boolean
}

/**
 * The known facts about one session. A caller omits facts that it does not have; an invariant that needs one of them
 * returns `NotChecked`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Known {
  /** The stored log of a session without a running round. */
  readonly log: ReadonlyArray<LogEntry>
  /** The entries that a subscriber from the beginning received. */
  readonly seen?: ReadonlyArray<LogEntry>
  /** The requests to the model, in order. */
  readonly requests?: ReadonlyArray<ModelRequest>
  readonly recorded?: ReadonlyArray<RecordedRequest>
  readonly calls?: ReadonlyArray<RecordedCall>
  readonly toolConcurrency?: number
  /** The log at several moments, in order. */
  readonly snapshots?: ReadonlyArray<ReadonlyArray<LogEntry>>
  /** Every event that was ever committed, deltas included. */
  readonly committed?: ReadonlyArray<LogEntry>
  readonly info?: SessionInfo
}
