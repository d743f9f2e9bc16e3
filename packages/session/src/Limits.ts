import * as Context from "effect/Context"

/** Bounds of a round. Provide another value around one call, or around the layer for all. */
export interface Limits {
  /** How many model responses one round may take before it fails with `CapReached`. */
  readonly turns: number
  /** How many tool calls of one turn run side by side. */
  readonly toolConcurrency: number
  /** UTF-8 bytes of one user message. */
  readonly messageBytes: number
}

export const Limits = Context.Reference<Limits>("@parley/session/Limits", {
  defaultValue: () => ({ turns: 50, toolConcurrency: 8, messageBytes: 10_000_000 })
})
