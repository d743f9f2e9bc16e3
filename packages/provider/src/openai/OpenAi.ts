import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { HttpClient } from "@parley/http/Http"
import type * as Redacted from "effect/Redacted"
import type { ModelLimits, ModelProvider } from "../contract/ModelProvider.ts"
import { sendJson } from "../stream/SendJson.ts"
import { endpointOf } from "../text/Endpoint.ts"
import * as OpenAiClient from "./OpenAiClient.ts"
import { accepts } from "./OpenAiContent.ts"
import { descriptionOf, efforts, limitsOf, models, reasons } from "./OpenAiModels.ts"
import * as OpenAiOutput from "./OpenAiOutput.ts"
import * as OpenAiSettings from "./OpenAiSettings.ts"
import * as ResponsesRequest from "./ResponsesRequest.ts"
import { ResponsesResponse } from "./ResponsesResponse.ts"

/**
 * How to reach the OpenAI API, and with which model.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpenAiOptions {
  /** The part of `PROVIDER/MODEL` before the slash. Default: `openai`. */
  readonly id?: string | undefined
  /** Sent as `authorization: Bearer` to `baseUrl` only; never logged and never part of an error. */
  readonly apiKey: Redacted.Redacted | undefined
  /** Default: `https://api.openai.com/v1`. `OPENAI_BASE_URL` is not read here. */
  readonly baseUrl?: string | undefined
  /** Additional headers of each request. */
  readonly headers?: Readonly<Record<string, Redacted.Redacted>> | undefined
  /** The HTTP client, which determines proxies and timeouts. Default: the provided `Http.Client`. */
  readonly http?: HttpClient | undefined
  readonly defaultModel?: string | undefined
  /** The output limit in tokens, including reasoning. Default: 32000 for the models that are known here. */
  readonly maxOutputTokens?: number | undefined
  /**
   * Whether to ask for a summary of the reasoning, which is shown, when an effort is set. Default: true. OpenAI sends
   * summaries of some models only to organizations that it has verified, and refuses the request of others.
   */
  readonly reasoningSummary?: boolean | undefined
}

/**
 * The address of the API of OpenAI itself.
 *
 * @since 0.1.0
 * @category constants
 */
export const address = "https://api.openai.com/v1"

/**
 * Models behind the OpenAI Responses API, using the official SDK. The API stores nothing: reasoning is sent back with its
 * encrypted content. See `ResponsesResponse` for how a stream must end. The SDK still reads `OPENAI_CUSTOM_HEADERS` from the
 * environment, because it has no option to turn that off.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: OpenAiOptions): ModelProvider => {
  const { defaultModel = "gpt-6.2-sol", headers = {}, id = "openai" } = options
  const baseUrl = OpenAiSettings.baseOf(options.baseUrl ?? address)
  const client = OpenAiClient.make({ apiKey: options.apiKey, baseUrl, headers, http: options.http })
  const { reasoningSummary = true } = options
  const settingsOf = (
    model: string,
    { effort, maxOutputTokens }: ModelLimits = {}
  ): OpenAiSettings.ResponsesSettings => ({
    max_output_tokens: maxOutputTokens ?? options.maxOutputTokens ?? limitsOf(model).maxOutputTokens,
    ...(reasons(model) ? { include: ["reasoning.encrypted_content"] } : {}),
    ...(effort === undefined
      ? {}
      : { reasoning: { effort, ...(effort === "none" || !reasoningSummary ? {} : { summary: "auto" }) } })
  })
  const settings = (request: ModelRequest) =>
    OpenAiSettings.ofResponses(request.settings, settingsOf(request.model.model))
  const describe = (model: string, limits: ModelLimits = {}): ModelInfo => {
    const { contextWindow } = limits
    const own = settingsOf(model, limits)
    const taken = efforts(model)
    return {
      ref: { provider: id, model },
      description: descriptionOf(model),
      contextWindow: contextWindow ?? limitsOf(model).contextWindow,
      ...(own.max_output_tokens === undefined ? {} : { maxOutput: own.max_output_tokens }),
      settings: { ...own },
      ...(taken === undefined ? {} : { efforts: taken }),
      endpoint: endpointOf(baseUrl),
      accepts
    }
  }
  return {
    id,
    models: models.map((model) => describe(model)),
    preferred: defaultModel,
    describe,
    discover: client.models,
    structured: ({ model, output }, forced) => output !== undefined && (forced || OpenAiOutput.isAble(model.model)),
    render: (request) => ResponsesRequest.pieces(settings(request), request),
    stream: (request) =>
      sendJson({
        secret: client.secret,
        body: () => ResponsesRequest.body(settings(request), request),
        post: (json) => client.post("/responses", json),
        reader: (options) => new ResponsesResponse(options)
      })
  }
}
