import * as Context from "effect/Context"

/** Bounds of a round. Provide another value around one call, or around the layer for all. */
export interface RoundLimits {
  /** How many model responses one round may take before it fails with `CapReached`. */
  readonly turns: number
  /** How many tool calls of one turn run side by side. */
  readonly toolConcurrency: number
  /** UTF-8 bytes of one user message. */
  readonly messageBytes: number
  /** How long a provider may take to send the first piece of an answer. */
  readonly firstChunkMillis: number
  /** How long a provider may be silent within an answer. What only keeps the connection alive counts as silence. */
  readonly idleMillis: number
  /** How long one answer may take in all. */
  readonly turnMillis: number
}

export const defaults: RoundLimits = {
  turns: 50,
  toolConcurrency: 8,
  messageBytes: 10_000_000,
  firstChunkMillis: 120_000,
  idleMillis: 120_000,
  turnMillis: 30 * 60_000
}

export const Limits = Context.Reference<RoundLimits>("@parley/session/Limits", { defaultValue: () => defaults })
