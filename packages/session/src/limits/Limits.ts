import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * Limits of a round. Provide other values around one call, or around the layer for all calls.
 *
 * @since 0.1.0
 * @category models
 */
export interface RoundLimits {
  /**
   * How many model responses one round may have before it fails with `CapReached`. Failed attempts are turns as well, but
   * do not count here; `retries` limits them for each request.
   */
  readonly turns: number
  /** How many tool calls of one turn run concurrently. */
  readonly toolConcurrency: number
  /**
   * How long one tool call may take in total, including a repeated attempt, before it is interrupted and its outcome is
   * unknown. Managers have limits of their own, which are shorter; this one ends the calls of a manager that never
   * settles them. Time in which a tool waits for an answer of the user counts.
   */
  readonly toolMillis: number
  /** Maximum size of one user message in UTF-8 bytes; images and documents count with their base64 characters. */
  readonly messageBytes: number
  /**
   * How long a provider may take to send the first part of a response. Local models may process a long request for
   * minutes before they respond, and a retry makes them start from the beginning.
   */
  readonly firstChunkMillis: number
  /**
   * How long a provider may be silent within a response. Pings, comments, unknown events and empty chunks count as
   * silence, because they only keep the connection alive; so does thinking that the provider does not stream. The default
   * of two minutes is longer than the pauses of known providers; a model with longer pauses needs a higher limit.
   */
  readonly idleMillis: number
  /** How long one response may take in total. */
  readonly turnMillis: number
  /** How often one request is sent again to the same model after a temporary failure of the provider. */
  readonly retries: number
  /** The longest wait before a retry. If a provider requests a longer wait, the round fails immediately. */
  readonly longestWaitMillis: number
  /** Elapsed time of one round, including waits and tool calls. Undefined: no limit, as for the limits below. */
  readonly roundMillis: number | undefined
  /**
   * Tokens of all kinds used by all attempts of one round. A response that exceeds the limit is not truncated, but no
   * further request is sent.
   */
  readonly roundTokens: number | undefined
  /**
   * US dollars for one round. A request is sent only if its worst case fits. If set, models whose price is not known cannot
   * be used: see `PriceUnknown`.
   */
  readonly roundCost: number | undefined
  /**
   * Tokens used by all rounds of the session. After the round that exceeds the limit, the session accepts no further
   * rounds.
   */
  readonly sessionTokens: number | undefined
  /** US dollars for the session. As for `roundCost`; in addition, the price of everything used so far must be known. */
  readonly sessionCost: number | undefined
  /** How often one round may call the same tool with the same input. The next such call is not run, and the round fails. */
  readonly identicalCalls: number
}

/**
 * The limits that apply when none are provided: durations in milliseconds, sizes in bytes.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaults: RoundLimits = {
  turns: 50,
  toolConcurrency: 8,
  toolMillis: 24 * 3_600_000,
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

/**
 * The limits in effect: those provided around the call, else around the layer, else `defaults`.
 *
 * @since 0.1.0
 * @category services
 */
export const Limits = Context.Reference<RoundLimits>("@parley/session/Limits", { defaultValue: () => defaults })

/**
 * Limits to change. Durations take the names of `RoundLimits` without `Millis`.
 *
 * @since 0.1.0
 * @category models
 */
export interface LimitsOptions extends Partial<
  Pick<
    RoundLimits,
    | "turns"
    | "toolConcurrency"
    | "messageBytes"
    | "retries"
    | "roundTokens"
    | "roundCost"
    | "sessionTokens"
    | "sessionCost"
    | "identicalCalls"
  >
> {
  readonly firstChunk?: Duration.Input | undefined
  readonly idle?: Duration.Input | undefined
  readonly turn?: Duration.Input | undefined
  readonly longestWait?: Duration.Input | undefined
  readonly round?: Duration.Input | undefined
  readonly tool?: Duration.Input | undefined
}

/**
 * The limits with some of them changed.
 *
 * @since 0.1.0
 * @category functions
 */
export const change = (limits: RoundLimits, options: LimitsOptions): RoundLimits => {
  const { firstChunk, idle, longestWait, round, tool, turn, ...others } = options
  const millis = (changed: Duration.Input | undefined, otherwise: number) =>
    changed === undefined ? otherwise : Duration.toMillis(changed)
  return {
    ...limits,
    ...others,
    firstChunkMillis: millis(firstChunk, limits.firstChunkMillis),
    idleMillis: millis(idle, limits.idleMillis),
    turnMillis: millis(turn, limits.turnMillis),
    longestWaitMillis: millis(longestWait, limits.longestWaitMillis),
    roundMillis: round === undefined ? limits.roundMillis : Duration.toMillis(round),
    toolMillis: millis(tool, limits.toolMillis)
  }
}

/**
 * Changes some limits for the layers that it is provided to, or for a call that it is provided around. The others keep the
 * values that they have there, or their defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: LimitsOptions): Layer.Layer<never> =>
  Layer.effect(
    Limits,
    Effect.map(Limits, (limits) => change(limits, options))
  )
