import type { Effect } from "effect"
import type { Violation } from "../../src/contract/ContractRule.ts"

/** A manager with one bug, and the sentence that its suite must report. */
export interface Planted {
  readonly suite: string
  readonly bug: string
  readonly reports: RegExp
  readonly violations: Effect.Effect<ReadonlyArray<Violation>>
}

/**
 * For managers that never answer, which take this long in every run. All others have the suite's own patience, so that a busy
 * machine does not look like a bug.
 */
export const brief = "300 millis"
