import * as Schema from "effect/Schema"

/**
 * All levels, ascending.
 *
 * @since 0.1.0
 * @category constants
 */
export const levels = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const

/**
 * How much a model thinks before and while it responds. `none` switches thinking off. Providers have the same names for
 * these levels, but each model takes only some of them; see `ModelInfo.efforts`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Effort = Schema.Literals(levels)
export type Effort = typeof Effort.Type

/**
 * The level among `taken` that is nearest to the wanted one; of two that are equally near, the lower one. Undefined if
 * there is none to choose from.
 *
 * @since 0.1.0
 * @category functions
 */
export const nearest = (wanted: Effort, taken: ReadonlyArray<Effort>): Effort | undefined => {
  const distance = (effort: Effort): number => Math.abs(levels.indexOf(effort) - levels.indexOf(wanted))
  return levels
    .filter((level) => taken.includes(level))
    .reduce<Effort | undefined>(
      (best, level) => (best === undefined || distance(level) < distance(best) ? level : best),
      undefined
    )
}
