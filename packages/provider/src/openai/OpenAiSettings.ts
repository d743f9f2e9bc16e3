import { Effort } from "@parley/domain/Effort"
import type { RequestSettings } from "@parley/domain/RequestSize"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const limit = Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))

/** The settings of a Chat Completions request besides the conversation, in the API's format. */
export const ChatSettings = Schema.Struct({
  /** The output limit as servers other than OpenAI's know it. */
  max_tokens: limit,
  /** The same for OpenAI's models, which reject the other name. */
  max_completion_tokens: limit,
  /** How much the model thinks. */
  reasoning_effort: Schema.optionalKey(Effort)
})
export type ChatSettings = typeof ChatSettings.Type

const decodeChat = Schema.decodeUnknownOption(ChatSettings)

/** The settings of a Responses request besides the conversation, in the API's format. */
export const ResponsesSettings = Schema.Struct({
  max_output_tokens: limit,
  /** Asks for reasoning in the form in which it is sent back. Models without reasoning reject it. */
  include: Schema.optionalKey(Schema.Tuple([Schema.Literal("reasoning.encrypted_content")])),
  /** How much the model thinks, and whether it sends a summary of that. */
  reasoning: Schema.optionalKey(Schema.Struct({ effort: Effort, summary: Schema.optionalKey(Schema.Literal("auto")) }))
})
export type ResponsesSettings = typeof ResponsesSettings.Type

const decodeResponses = Schema.decodeUnknownOption(ResponsesSettings)

/** The same as `ofChat` for the Responses API. */
export const ofResponses = (settings: RequestSettings | undefined, own: ResponsesSettings): ResponsesSettings =>
  settings === undefined ? own : Option.getOrElse(decodeResponses(settings), () => own)

/**
 * The settings that a request contains, so that a stored request is reproduced unchanged; `own` if it has none or they are
 * invalid.
 */
export const ofChat = (settings: RequestSettings | undefined, own: ChatSettings): ChatSettings =>
  settings === undefined ? own : Option.getOrElse(decodeChat(settings), () => own)

/**
 * The base URL of an API: without the path of an operation, which is appended, and with `root` if the URL has no path.
 * Servers of this kind serve the API below `/v1`, and users often omit it.
 */
export const baseOf = (url: string, root = "/v1"): string => {
  const base = url.trim().replace(/(?:\/+(?:chat\/completions|responses|models))?\/*$/, "")
  return /^\w+:\/\/[^/?#]+$/.test(base) ? base + root : base
}
