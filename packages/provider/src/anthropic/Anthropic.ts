import type { ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { HttpClient } from "@parley/http/Http"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { sendJson } from "../stream/SendJson.ts"
import { provider } from "./AnthropicBlocks.ts"
import * as AnthropicClient from "./AnthropicClient.ts"
import { describe, models } from "./AnthropicModels.ts"
import * as AnthropicOutput from "./AnthropicOutput.ts"
import * as AnthropicRequest from "./AnthropicRequest.ts"
import { AnthropicResponse } from "./AnthropicResponse.ts"
import * as AnthropicSettings from "./AnthropicSettings.ts"
import { endpointOf } from "../text/Endpoint.ts"
import { exceeds, maxRequestBytes } from "../text/Bounds.ts"
import type { ModelProvider } from "../contract/ModelProvider.ts"

/**
 * Options of an Anthropic provider.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnthropicOptions {
  /** The part of `PROVIDER/MODEL` before the slash. Default: `anthropic`. */
  readonly id?: string
  /** Sent as `authorization: Bearer` to `baseUrl` only; never logged and never part of an error. */
  readonly apiKey: Redacted.Redacted
  /**
   * Default: `https://api.anthropic.com`. `ANTHROPIC_BASE_URL` is not read here. The API's path is appended; if the URL
   * already ends with it, it is removed first.
   */
  readonly baseUrl?: string
  /** Additional headers of each request. */
  readonly headers?: Readonly<Record<string, Redacted.Redacted>>
  /** The HTTP client, which determines proxies and timeouts. Default: the provided `Http.Client`. */
  readonly http?: HttpClient
  readonly defaultModel?: string
  /**
   * The output limit (`max_tokens`) that the API requires, in tokens, including thinking. Default: 32000. A model that
   * allows less rejects the request; a response that needs more stops with `length`.
   */
  readonly maxOutputTokens?: number
  /** Sent unchanged: `{ type: "adaptive" }`, `{ type: "enabled", budget_tokens }`, … Without it the model decides. */
  readonly thinking?: ThinkingConfigParam
  /**
   * Whether the model is asked to cite the documents that it answers from, such as PDF files. The API then accepts no output
   * schema, so that structured output uses a tool. Default: false.
   */
  readonly citations?: boolean
  /** Names of beta features that each request uses; they are sent in the header `anthropic-beta`. */
  readonly betas?: ReadonlyArray<string>
  /**
   * Whether the server knows the option to drop thinking whose context has changed, instead of refusing the request. It is
   * used for models that support it when an effort is set. Default: true for `api.anthropic.com`, false for other servers.
   */
  readonly blockBinding?: boolean
  /** Let the API cache each request up to its last block, which makes the next request cheaper. Default: true. */
  readonly caching?: boolean
  /** How long the API keeps the cache after its last use. Default: `5m`. */
  readonly cacheLifetime?: AnthropicSettings.CacheLifetime
}

/**
 * Models behind the Anthropic Messages API, using the official SDK. See `AnthropicResponse` for the rules that a stream must
 * follow. The SDK still reads `ANTHROPIC_CUSTOM_HEADERS` from the environment, because it has no option to turn that off.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: AnthropicOptions): ModelProvider => {
  const baseUrl = AnthropicSettings.baseOf(options.baseUrl ?? "https://api.anthropic.com")
  const client = AnthropicClient.make({
    apiKey: options.apiKey,
    baseUrl,
    headers: options.headers ?? {},
    http: options.http
  })
  const id = options.id ?? provider
  const own = AnthropicSettings.make(options)
  const settings = (request: ModelRequest) => AnthropicSettings.of(request.settings, own)
  const endpoint = endpointOf(baseUrl)
  const isOwn = /^https:\/\/api\.anthropic\.com(?:[:/]|$)/i.test(baseUrl)
  const drops = options.blockBinding ?? isOwn
  const described: ModelProvider["describe"] = (model, limits) => ({
    ...describe(model, own, limits, id, drops),
    endpoint
  })
  return {
    id,
    models: models.map((model) => described(model)),
    preferred: options.defaultModel ?? "claude-opus-5-5",
    describe: described,
    discover: client.models,
    structured: (request, forced) =>
      settings(request).citations !== true && AnthropicOutput.isNative(request, isOwn, forced),
    render: (request) => AnthropicRequest.pieces(settings(request), request),
    count: (request) =>
      Effect.suspend(() => {
        const used = settings(request)
        const json = AnthropicRequest.countBody(used, request)
        if (exceeds(json, maxRequestBytes)) return Effect.undefined
        return client.count(request.model.model, json, used.betas)
      }),
    stream: (request) => {
      const used = settings(request)
      return sendJson({
        secret: client.secret,
        body: () => AnthropicRequest.body(used, request),
        post: (json) => client.post(json, used.betas),
        reader: (options) => new AnthropicResponse(options)
      })
    }
  }
}
