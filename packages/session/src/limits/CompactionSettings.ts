import type { ModelRef } from "@parley/domain/ModelRef"
import * as Context from "effect/Context"

/**
 * Whether histories are compacted automatically, and with which model. Provide another value around the layer.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompactionSettings {
  /**
   * Whether the history is compacted if a request does not fit the model's context window. Otherwise the round fails with
   * `ContextTooLarge`, and the user decides.
   */
  readonly auto: boolean
  /** The model that writes summaries. Default: the model of the conversation. */
  readonly model?: ModelRef | undefined
}

/**
 * The settings in effect. Histories are compacted automatically unless another value is provided.
 *
 * @since 0.1.0
 * @category services
 */
export const CompactionSettings = Context.Reference<CompactionSettings>("@parley/session/CompactionSettings", {
  defaultValue: () => ({ auto: true })
})
