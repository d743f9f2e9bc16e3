import * as Context from "effect/Context"

/** Bounds of a round. Provide another value around one call, or around the layer for all. */
export interface RoundLimits {
  /**
   * How many model responses one round may take before it fails with `CapReached`. Attempts that failed have numbers of
   * their own but do not count here: `retries` bounds them, for each request anew.
   */
  readonly turns: number
  /** How many tool calls of one turn run side by side. */
  readonly toolConcurrency: number
  /** UTF-8 bytes of one user message. */
  readonly messageBytes: number
  /**
   * How long a provider may take to send the first piece of an answer. Local models read a long request for minutes before
   * they say anything, and one that is asked again starts from the beginning.
   */
  readonly firstChunkMillis: number
  /**
   * How long a provider may be silent within an answer. What only keeps the connection alive counts as silence: pings,
   * comments, events without a meaning here, empty pieces. A model that thinks without showing it is as silent; two minutes
   * are longer than providers let pass between two pieces of an answer, and a model that needs more needs a longer limit.
   */
  readonly idleMillis: number
  /** How long one answer may take in all. */
  readonly turnMillis: number
  /** How often one request is sent again when the provider fails in a way that may pass. */
  readonly retries: number
  /** The longest wait before a retry. A provider that asks for a longer one fails the round at once. */
  readonly longestWaitMillis: number
  /** Wall time of one round, waits and tools included. */
  readonly roundMillis: number | undefined
  /** Tokens of all kinds, of all attempts of one round. What goes beyond is not cut off: nothing is asked after it. */
  readonly roundTokens: number | undefined
  /** US dollars for one round. While it is set, a model whose price is not known is not asked: see `PriceUnknown`. */
  readonly roundCost: number | undefined
  /** Tokens of all rounds of the session. The round that goes beyond is the last, until the limit is raised. */
  readonly sessionTokens: number | undefined
  /** US dollars for the session. As with `roundCost`, and nothing of the session may have been spent at an unknown price. */
  readonly sessionCost: number | undefined
  /** How often one round may call the same tool with the same input. The call that goes beyond is not run. */
  readonly identicalCalls: number
}

export const defaults: RoundLimits = {
  turns: 50,
  toolConcurrency: 8,
  messageBytes: 10_000_000,
  firstChunkMillis: 600_000,
  idleMillis: 120_000,
  turnMillis: 30 * 60_000,
  retries: 3,
  longestWaitMillis: 60_000,
  roundMillis: undefined,
  roundTokens: undefined,
  roundCost: undefined,
  sessionTokens: undefined,
  sessionCost: undefined,
  identicalCalls: 5
}

export const Limits = Context.Reference<RoundLimits>("@parley/session/Limits", { defaultValue: () => defaults })
