import * as Schema from "effect/Schema"

/**
 * A failure as the log stores it: the error's tag, the tag of its reason if it has one, and a message for people.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Failure = Schema.Struct({
  error: Schema.String,
  reason: Schema.optionalKey(Schema.String),
  message: Schema.String
})
export type Failure = typeof Failure.Type
