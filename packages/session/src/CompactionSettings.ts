import type { ModelRef } from "@parley/domain/ModelRef"
import * as Context from "effect/Context"

/** When and by whom a history is made smaller. Provide another value around the layer. */
export interface CompactionSettings {
  /**
   * Whether a request that does not fit the model is made to fit. Without it the round fails with `ContextTooLarge`, and
   * the user decides.
   */
  readonly auto: boolean
  /** The model that sums up; the conversation's own when absent. */
  readonly model?: ModelRef | undefined
}

export const CompactionSettings = Context.Reference<CompactionSettings>("@parley/session/CompactionSettings", {
  defaultValue: () => ({ auto: true })
})
