import type { RequestSettings } from "@parley/domain/RequestSize"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** The settings of a request besides the conversation, in the API's format (`generationConfig`). */
export const GeminiSettings = Schema.Struct({
  maxOutputTokens: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Asks for summaries of the model's reasoning. Models without reasoning reject it. */
  thinkingConfig: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
})
export type GeminiSettings = typeof GeminiSettings.Type

const decode = Schema.decodeUnknownOption(GeminiSettings)

/**
 * The settings that a request contains, so that a stored request is reproduced unchanged; `own` if it has none or they are
 * invalid.
 */
export const of = (settings: RequestSettings | undefined, own: GeminiSettings): GeminiSettings =>
  settings === undefined ? own : Option.getOrElse(decode(settings), () => own)

/** The address of the API. */
export const address = "https://generativelanguage.googleapis.com"

/** The base URL of an API with its version: `/v1beta`, unless the URL ends with another one. */
export const baseOf = (url: string): string => {
  const base = url.trim().replace(/(?:\/+models(?:\/[^?#]*)?)?\/*$/, "")
  return /\/v\d\w*$/.test(base) ? base : `${base}/v1beta`
}

/** The name of a model in the path of an operation; undefined if no model can have it. */
export const pathOf = (model: string): string | undefined => {
  const parts = (/^(?:models|tunedModels)\//.test(model) ? model : `models/${model}`).split("/")
  return parts.some((part) => /^\.*$/.test(part)) ? undefined : parts.map(encodeURIComponent).join("/")
}
