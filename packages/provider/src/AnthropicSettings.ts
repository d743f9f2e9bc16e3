import type { ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages"
import type { RequestSettings } from "@parley/domain/RequestSize"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** What goes with every request beside the conversation, in the API's own words. Without `cache_control` nothing is cached. */
export const AnthropicSettings = Schema.Struct({
  max_tokens: Schema.Int.check(Schema.isGreaterThan(0)),
  thinking: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Json).check(Schema.makeFilter(({ type }) => typeof type === "string"))
  ),
  cache_control: Schema.optionalKey(
    Schema.Struct({ type: Schema.Literal("ephemeral"), ttl: Schema.optionalKey(Schema.Literals(["5m", "1h"])) })
  )
})
export type AnthropicSettings = typeof AnthropicSettings.Type

/** How long the API keeps what it has cached, from its last use on. The longer time costs more to write. */
export type CacheLifetime = "5m" | "1h"

export interface Options {
  readonly maxOutputTokens?: number
  readonly thinking?: ThinkingConfigParam
  readonly caching?: boolean
  readonly cacheLifetime?: CacheLifetime
}

export const make = ({ cacheLifetime, caching, maxOutputTokens, thinking }: Options): AnthropicSettings => ({
  max_tokens: maxOutputTokens ?? 32_000,
  ...(thinking === undefined ? {} : { thinking: { ...thinking } }),
  ...(caching === false
    ? {}
    : { cache_control: { type: "ephemeral", ...(cacheLifetime === "1h" ? { ttl: cacheLifetime } : {}) } })
})

const decode = Schema.decodeUnknownOption(AnthropicSettings)

/** The settings that a request brings along, so that a stored one is made again as it was; nonsense counts as none. */
export const of = (settings: RequestSettings | undefined, own: AnthropicSettings): AnthropicSettings =>
  settings === undefined ? own : Option.getOrElse(decode(settings), () => own)

/** A base URL without the path that the API itself has: with it, every request would go to `/v1/v1/messages`. */
export const baseOf = (url: string): string =>
  url.trim().replace(/(?:\/+v1(?:\/+messages(?:\/+count_tokens)?)?)?\/*$/, "")

/** Where a base URL leads, without what may be secret in it. */
export const endpointOf = (baseUrl: string): string =>
  baseUrl.replace(/^(\w+:\/\/)[^/@]*@/, "$1").replace(/[?#].*$/s, "")
