import * as Schema from "effect/Schema"

/** All levels, ascending. */
export const levels = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const

/**
 * How much a model thinks before and while it responds. `none` switches thinking off. Providers have the same names for
 * these levels, but each model takes only some of them; see `ModelInfo.efforts`.
 */
export const Effort = Schema.Literals(levels)
export type Effort = typeof Effort.Type
