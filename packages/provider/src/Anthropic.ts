import type { ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages"
import { ContextOverflow, ModelError } from "@parley/domain/ModelError"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { HttpClient } from "@parley/http/Http"
import { type NonEmptyReadonlyArray, isReadonlyArrayNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { provider } from "./AnthropicBlocks.ts"
import * as AnthropicClient from "./AnthropicClient.ts"
import { broken, brokenBy } from "./AnthropicError.ts"
import { describe, models } from "./AnthropicModels.ts"
import * as AnthropicRequest from "./AnthropicRequest.ts"
import { AnthropicResponse } from "./AnthropicResponse.ts"
import * as AnthropicSettings from "./AnthropicSettings.ts"
import { exceeds, maxRequestBytes } from "./Bounds.ts"
import type { ModelProvider } from "./ModelProvider.ts"

export interface AnthropicOptions {
  /** Sent as `authorization: Bearer`, to `baseUrl` and nowhere else; never logged and never part of an error. */
  readonly apiKey: Redacted.Redacted
  /**
   * `https://api.anthropic.com` unless said otherwise: `ANTHROPIC_BASE_URL` is not read here. The API's own path is added to
   * it; where it stands there already, it is taken off first.
   */
  readonly baseUrl?: string
  /** How it is reached: the proxies, and the limits of time. When absent, by the `Http.Client` that is provided. */
  readonly http?: HttpClient
  readonly defaultModel?: string
  /**
   * The API requires a limit (`max_tokens`), thinking included. 32000 unless said otherwise; a model that allows less
   * rejects the request, an answer that needs more stops with `length`.
   */
  readonly maxOutputTokens?: number
  /** Passed on as it is: `{ type: "adaptive" }`, `{ type: "enabled", budget_tokens }`, … Without it the model decides. */
  readonly thinking?: ThinkingConfigParam
  /** Let the API cache each request up to its last block, so that the next one pays little for it. True unless said otherwise. */
  readonly caching?: boolean
  /** How long it keeps that after its last use: `5m` unless said otherwise. */
  readonly cacheLifetime?: AnthropicSettings.CacheLifetime
}

type Chunks = NonEmptyReadonlyArray<ProviderChunk>

const fail = (reason: ModelError["reason"]) => Effect.fail(new ModelError({ reason }))

const tooLarge = new ContextOverflow({
  detail: `the request is larger than the ${maxRequestBytes} bytes that the API takes, and was not sent; send less of it, or start a new session`
})

/** The chunks of a response, one array per network read. */
const chunksOf = (response: Response, secret: string): Pull.Pull<Chunks, ModelError> => {
  const requestId = response.headers.get("request-id") ?? response.headers.get("x-request-id")
  const message = new AnthropicResponse({ secret, ...(requestId === null ? {} : { requestId }) })
  const reader = response.body?.getReader()
  if (reader === undefined) return fail(broken("the answer has no body"))
  const read = Effect.tryPromise({
    try: () => reader.read(),
    catch: (error) => new ModelError({ reason: brokenBy(error, secret) })
  })
  /**
   * Reads up to the end of the response, which follows at once, so that the connection can serve the next request. A
   * server that does not end it is left after a moment.
   */
  const drain: Effect.Effect<void, ModelError> = Effect.flatMap(read, ({ done }) => (done ? Effect.void : drain))
  const leave = Effect.andThen(Effect.ignore(Effect.timeout(drain, "250 millis")), Cause.done())

  const pull: Pull.Pull<Chunks, ModelError> = Effect.suspend(() => {
    if (message.failure !== undefined) return fail(message.failure)
    if (message.done) return leave
    return Effect.flatMap(read, ({ done, value }) => {
      const chunks = done ? message.end() : message.feed(value)
      return isReadonlyArrayNonEmpty(chunks) ? Effect.succeed(chunks) : pull
    })
  })
  return pull
}

/**
 * Models behind the Anthropic Messages API, over the official SDK. See `AnthropicResponse` for what a stream is held to. Of
 * the environment the SDK still honours `ANTHROPIC_CUSTOM_HEADERS`, which has no option to turn it off.
 */
export const make = (options: AnthropicOptions): ModelProvider => {
  const baseUrl = AnthropicSettings.baseOf(options.baseUrl ?? "https://api.anthropic.com")
  const client = AnthropicClient.make({
    apiKey: options.apiKey,
    baseUrl,
    http: options.http
  })
  const own = AnthropicSettings.make(options)
  const settings = (request: ModelRequest) => AnthropicSettings.of(request.settings, own)
  const endpoint = AnthropicSettings.endpointOf(baseUrl)
  const described: ModelProvider["describe"] = (model, limits) => ({ ...describe(model, own, limits), endpoint })
  return {
    id: provider,
    models: models.map((model) => described(model)),
    preferred: options.defaultModel ?? "claude-opus-5-5",
    describe: described,
    render: (request) => AnthropicRequest.pieces(settings(request), request),
    count: (request) =>
      Effect.suspend(() => {
        const json = AnthropicRequest.countBody(settings(request), request)
        if (exceeds(json, maxRequestBytes)) return Effect.undefined
        return client.count(request.model.model, json)
      }),
    stream: (request) =>
      Stream.unwrap(
        Effect.map(
          Effect.suspend(() => {
            const json = AnthropicRequest.body(settings(request), request)
            return exceeds(json, maxRequestBytes) ? fail(tooLarge) : client.post(json)
          }),
          (response) => Stream.fromPull(Effect.sync(() => chunksOf(response, client.secret)))
        )
      )
  }
}
