import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A model by name. Written `PROVIDER/MODEL`; the model's own name may hold further slashes. */
export const ModelRef = Schema.Struct({ provider: Schema.NonEmptyString, model: Schema.NonEmptyString })
export type ModelRef = typeof ModelRef.Type

export const parse = (text: string): Option.Option<ModelRef> => {
  const slash = text.indexOf("/")
  return slash > 0 && slash < text.length - 1
    ? Option.some({ provider: text.slice(0, slash), model: text.slice(slash + 1) })
    : Option.none()
}

export const format = (ref: ModelRef): string => `${ref.provider}/${ref.model}`
