import type { ToolInput } from "@parley/domain/McpManager"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { LogEntry } from "@parley/domain/SessionEvent"
import type { SessionInfo } from "@parley/domain/SessionInfo"

/** What was found wrong, in words. */
export type Violations = ReadonlyArray<string>

/** A call as it reached a tool, and what the store held at that moment. */
export interface RecordedCall {
  /** The idempotency key: `session/round/turn/call`, or `session/preview/call`. */
  readonly key: string
  readonly name: string
  readonly input: ToolInput
  readonly preview: boolean
  /** The user said that it may be sent again. */
  readonly safeToRepeat?: boolean
  /** How many calls of the same turn were running. */
  readonly beside: number
  readonly startStored: boolean
  readonly turnStored: boolean
  running: boolean
}

/** A request as it reached a model, the turn it was for, and whether the store held that turn's start. */
export interface RecordedRequest {
  readonly request: ModelRequest
  readonly turnId: string | undefined
  readonly turnStored: boolean
}

/** All that is known of one session. A caller leaves out what it does not know, and an invariant that needs it answers `NotChecked`. */
export interface Known {
  /** The stored log of a session at rest. */
  readonly log: ReadonlyArray<LogEntry>
  /** What a subscriber from the beginning saw. */
  readonly seen?: ReadonlyArray<LogEntry>
  /** What the model was sent, in order. */
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
