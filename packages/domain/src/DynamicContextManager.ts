import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { ConfigError, ContextUnavailable } from "./Errors.ts"

/**
 * A slot: a tool call that the user declared, and whose result is part of every round's context.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DynamicSlot = Schema.Struct({
  /** Identifies the slot in the log, in manifests and in requests. */
  id: Schema.NonEmptyString,
  /** The tool's qualified name, as `McpManager.tools` lists it. */
  tool: Schema.NonEmptyString,
  input: Schema.Record(Schema.String, Schema.Json),
  /** Milliseconds that one call may take, a retry included. */
  timeoutMillis: Schema.Int.check(Schema.isGreaterThan(0)),
  /**
   * What a failed call leads to. `note`: the context contains the error. `drop`: the context contains nothing. `fail`: the
   * round fails with `ContextUnresolved`. `stale`: the last successful value is used; without one, the same as `note`.
   */
  onFailure: Schema.Literals(["note", "drop", "fail", "stale"]),
  /**
   * When the tool is called again. `round` (the default): for every round. `change`: when a file of the context or the
   * slot's declaration has changed. `{ seconds }`: when the value is at least that old. `demand`: only when a message
   * requests it, with `refresh` of `SessionCoordinator.handleMessage`. Otherwise the last value is used.
   */
  refresh: Schema.optionalKey(
    Schema.Union([
      Schema.Literals(["round", "change", "demand"]),
      Schema.Struct({ seconds: Schema.Int.check(Schema.isGreaterThan(0)) })
    ])
  ),
  /**
   * How much of the result's text the context contains, in tokens (a quarter of the UTF-8 bytes). Of a longer text it
   * contains the beginning and the end. 4096 when absent.
   */
  maxTokens: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))
})
export type DynamicSlot = typeof DynamicSlot.Type

/**
 * Provides the slots: tool calls that the user declared, and whose results are part of each round's context. Optional:
 * without a layer there are no slots.
 *
 * @since 0.1.0
 * @category models
 */
export interface DynamicContextManager {
  /**
   * The enabled slots, in the order in which the context shows their results. Evaluated whenever context is built. Fails
   * with `ConfigError` when the configuration cannot be used; the round then fails with that error.
   */
  readonly slots: Effect.Effect<ReadonlyArray<DynamicSlot>, ConfigError | ContextUnavailable>
}

const reference = Context.Reference<DynamicContextManager>("@parley/domain/DynamicContextManager", {
  defaultValue: () => ({ slots: Effect.succeed([]) })
})

/**
 * Always provides these slots.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (slots: ReadonlyArray<DynamicSlot>): Layer.Layer<never> =>
  Layer.succeed(reference, { slots: Effect.succeed(slots) })

/**
 * The manager in use. Without a layer there are no slots; `DynamicContextManager.layerMemory` provides fixed ones.
 *
 * @since 0.1.0
 * @category constants
 */
export const DynamicContextManager = Object.assign(reference, {
  /** Always provides these slots. */
  layerMemory
})
