import type { ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages"
import type { RequestSettings } from "@parley/domain/RequestSize"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * The settings of a request besides the conversation, in the API's format. Without `cache_control` nothing is cached.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AnthropicSettings = Schema.Struct({
  max_tokens: Schema.Int.check(Schema.isGreaterThan(0)),
  thinking: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Json).check(Schema.makeFilter(({ type }) => typeof type === "string"))
  ),
  /** How much effort the model puts into its response. Only for models with adaptive thinking. */
  output_config: Schema.optionalKey(
    Schema.Struct({ effort: Schema.Literals(["low", "medium", "high", "xhigh", "max"]) })
  ),
  /** Whether the model is asked to cite the documents of the request. */
  citations: Schema.optionalKey(Schema.Literal(true)),
  /** The betas that the request uses. They are sent as a header. */
  betas: Schema.NonEmptyString.pipe(Schema.Array, Schema.optionalKey),
  cache_control: Schema.optionalKey(
    Schema.Struct({ type: Schema.Literal("ephemeral"), ttl: Schema.optionalKey(Schema.Literals(["5m", "1h"])) })
  )
})
export type AnthropicSettings = typeof AnthropicSettings.Type

/**
 * How long the API keeps cached content after its last use. Writing to the cache costs more for the longer time.
 *
 * @since 0.1.0
 * @category models
 */
export type CacheLifetime = "5m" | "1h"

/**
 * Settings as the configuration names them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly maxOutputTokens?: number
  readonly thinking?: ThinkingConfigParam
  readonly caching?: boolean
  readonly cacheLifetime?: CacheLifetime
  readonly betas?: ReadonlyArray<string>
  readonly citations?: boolean
}

/**
 * The settings in the format of the API. Content is cached for five minutes unless the options say otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({
  betas = [],
  cacheLifetime,
  caching,
  citations,
  maxOutputTokens,
  thinking
}: Options): AnthropicSettings => ({
  max_tokens: maxOutputTokens ?? 32_000,
  ...(thinking === undefined ? {} : { thinking: { ...thinking } }),
  ...(citations === true ? { citations } : {}),
  ...(betas.length === 0 ? {} : { betas }),
  ...(caching === false
    ? {}
    : { cache_control: { type: "ephemeral", ...(cacheLifetime === "1h" ? { ttl: cacheLifetime } : {}) } })
})

const decode = Schema.decodeUnknownOption(AnthropicSettings)

/**
 * The settings that a request contains, so that a stored request is reproduced unchanged; `own` if it has none or they are
 * invalid.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (settings: RequestSettings | undefined, own: AnthropicSettings): AnthropicSettings =>
  settings === undefined ? own : Option.getOrElse(decode(settings), () => own)

/**
 * Removes the API's path from a base URL. Otherwise requests would be sent to `/v1/v1/messages`.
 *
 * @since 0.1.0
 * @category functions
 */
export const baseOf = (url: string): string =>
  url.trim().replace(/(?:\/+v1(?:\/+messages(?:\/+count_tokens)?)?)?\/*$/, "")
