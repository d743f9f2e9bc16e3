import { ModelError, UnknownModel } from "@parley/domain/ModelError"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { HttpClient } from "@parley/http/Http"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { ModelLimits, ModelProvider } from "../contract/ModelProvider.ts"
import { sendJson } from "../stream/SendJson.ts"
import { endpointOf } from "../text/Endpoint.ts"
import * as GeminiClient from "./GeminiClient.ts"
import { accepts, descriptionOf, efforts, limitsOf, maxRequestBytes, models, thinkingOf } from "./GeminiModels.ts"
import { receivedName } from "./GeminiNames.ts"
import * as GeminiOutput from "./GeminiOutput.ts"
import * as GeminiRequest from "./GeminiRequest.ts"
import { GeminiResponse } from "./GeminiResponse.ts"
import * as GeminiSettings from "./GeminiSettings.ts"

/**
 * How to reach the Gemini API, and with which model.
 *
 * @since 0.1.0
 * @category models
 */
export interface GeminiOptions {
  /** The part of `PROVIDER/MODEL` before the slash. Default: `gemini`. */
  readonly id?: string | undefined
  /** Sent as `x-goog-api-key` to `baseUrl` only; never logged and never part of an error. */
  readonly apiKey: Redacted.Redacted
  /**
   * Default: `https://generativelanguage.googleapis.com`. Environment variables are not read here. The version `/v1beta` is
   * appended unless the URL ends with a version.
   */
  readonly baseUrl?: string | undefined
  /** Additional headers of each request. */
  readonly headers?: Readonly<Record<string, Redacted.Redacted>> | undefined
  /** The HTTP client, which determines proxies and timeouts. Default: the provided `Http.Client`. */
  readonly http?: HttpClient | undefined
  readonly defaultModel?: string | undefined
  /** The output limit in tokens, including reasoning. Default: 32000 for the models that are known here, else the API's. */
  readonly maxOutputTokens?: number | undefined
}

const noModel = (model: string) =>
  new ModelError({
    reason: new UnknownModel({ detail: `"${model}" cannot be the name of a model; correct it, or list the models` })
  })

/**
 * Models behind the Gemini API (`streamGenerateContent`, as server-sent events), without an SDK. Summaries of the model's
 * reasoning are shown; the signatures of its parts are sent back. See `GeminiResponse` for how a stream must end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: GeminiOptions): ModelProvider => {
  const { apiKey, defaultModel = "gemini-4-neon", headers = {}, http, id = "gemini" } = options
  const baseUrl = GeminiSettings.baseOf(options.baseUrl ?? GeminiSettings.address)
  const client = GeminiClient.make({ apiKey, baseUrl, headers, http })
  const settingsOf = (model: string, { effort, maxOutputTokens: limit }: ModelLimits = {}) => {
    const maxOutputTokens = limit ?? options.maxOutputTokens ?? limitsOf(model).maxOutputTokens
    const thinkingConfig = thinkingOf(model, effort, maxOutputTokens)
    return {
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...(thinkingConfig === undefined ? {} : { thinkingConfig })
    }
  }
  const settings = (request: ModelRequest) => GeminiSettings.of(request.settings, settingsOf(request.model.model))
  const describe = (model: string, limits: ModelLimits = {}): ModelInfo => {
    const own = settingsOf(model, limits)
    const taken = efforts(model)
    return {
      ref: { provider: id, model },
      description: descriptionOf(model),
      contextWindow: limits.contextWindow ?? limitsOf(model).contextWindow,
      ...(own.maxOutputTokens === undefined ? {} : { maxOutput: own.maxOutputTokens }),
      settings: { ...own },
      ...(taken === undefined ? {} : { efforts: taken }),
      endpoint: endpointOf(baseUrl),
      accepts
    }
  }
  const post = (model: string, json: string) => {
    const path = GeminiSettings.pathOf(model)
    return path === undefined ? Effect.fail(noModel(model)) : client.post(path, json)
  }
  return {
    id,
    models: models.map((model) => describe(model)),
    preferred: defaultModel,
    describe,
    discover: client.models,
    structured: GeminiOutput.isNative,
    render: (request) => GeminiRequest.pieces(settings(request), request),
    stream: (request) =>
      sendJson({
        secret: client.secret,
        limit: maxRequestBytes,
        body: () => GeminiRequest.body(settings(request), request),
        post: (json) => post(request.model.model, json),
        reader: (options) => new GeminiResponse(options, receivedName(request.tools))
      })
  }
}
