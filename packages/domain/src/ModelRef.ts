import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * The name of a model, written `PROVIDER/MODEL`. The part after the first slash may contain more slashes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ModelRef = Schema.Struct({ provider: Schema.NonEmptyString, model: Schema.NonEmptyString })
export type ModelRef = typeof ModelRef.Type

/**
 * Parses `PROVIDER/MODEL`. `None` if either part is missing.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (text: string): Option.Option<ModelRef> => {
  const slash = text.indexOf("/")
  return slash > 0 && slash < text.length - 1
    ? Option.some({ provider: text.slice(0, slash), model: text.slice(slash + 1) })
    : Option.none()
}

/**
 * Writes the name as `PROVIDER/MODEL`, so that `parse` accepts it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (ref: ModelRef): string => `${ref.provider}/${ref.model}`
