import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { HttpClient } from "@parley/http/Http"
import type * as Redacted from "effect/Redacted"
import type { ModelLimits, ModelProvider } from "../contract/ModelProvider.ts"
import { sendJson } from "../stream/SendJson.ts"
import { endpointOf } from "../text/Endpoint.ts"
import * as ChatRequest from "./ChatRequest.ts"
import { ChatResponse } from "./ChatResponse.ts"
import * as OpenAiClient from "./OpenAiClient.ts"
import { accepts } from "./OpenAiContent.ts"
import { efforts } from "./OpenAiModels.ts"
import { isAble } from "./OpenAiOutput.ts"
import * as OpenAiSettings from "./OpenAiSettings.ts"

/**
 * How to reach a server with a Chat Completions API, and how it differs from others.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpenAiChatOptions {
  /** The part of `PROVIDER/MODEL` before the slash. */
  readonly id: string
  /** The address of the API, such as `http://127.0.0.1:11434/v1`. If it has no path, `root` is appended. */
  readonly baseUrl: string
  /** The path below which the server serves the API. Default: `/v1`. */
  readonly root?: string | undefined
  /** Sent as `authorization: Bearer` to `baseUrl` only; never logged and never part of an error. Absent: no key is sent. */
  readonly apiKey?: Redacted.Redacted | undefined
  /** The header of the key, for servers that do not read `authorization`. */
  readonly keyHeader?: "api-key" | undefined
  /** Additional headers of each request. */
  readonly headers?: Readonly<Record<string, Redacted.Redacted>> | undefined
  /** The HTTP client, which determines proxies and timeouts. Default: the provided `Http.Client`. */
  readonly http?: HttpClient | undefined
  readonly defaultModel?: string | undefined
  /** The output limit in tokens. Default: the server's own. */
  readonly maxOutputTokens?: number | undefined
  /** The name of that limit in requests. Default: `max_tokens`. */
  readonly limitName?: "max_tokens" | "max_completion_tokens" | undefined
  /**
   * Whether the server itself holds responses to a schema (`response_format`) in requests with tools. Default: no, because
   * many servers then let the model call no tools, or reject the request.
   */
  readonly structured?: boolean | undefined
  /** One line about the models, for people. */
  readonly description?: string | undefined
}

/**
 * Models behind a Chat Completions API: local servers, gateways, and OpenAI itself. See `ChatResponse` for what a stream
 * must contain. The SDK still reads `OPENAI_CUSTOM_HEADERS` from the environment, because it has no option to turn that off.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: OpenAiChatOptions): ModelProvider => {
  const { headers = {}, id, limitName = "max_tokens" } = options
  const baseUrl = OpenAiSettings.baseOf(options.baseUrl, options.root)
  const client = OpenAiClient.make({
    apiKey: options.apiKey,
    keyHeader: options.keyHeader,
    baseUrl,
    headers,
    http: options.http
  })
  const settingsOf = ({ effort, maxOutputTokens }: ModelLimits): OpenAiSettings.ChatSettings => ({
    ...(maxOutputTokens === undefined ? {} : { [limitName]: maxOutputTokens }),
    ...(effort === undefined ? {} : { reasoning_effort: effort })
  })
  const own = settingsOf(options.maxOutputTokens === undefined ? {} : { maxOutputTokens: options.maxOutputTokens })
  const settings = (request: ModelRequest) => OpenAiSettings.ofChat(request.settings, own)
  const describe = (model: string, { contextWindow, effort, maxOutputTokens }: ModelLimits = {}): ModelInfo => {
    const maxOutput = maxOutputTokens ?? options.maxOutputTokens
    const own = settingsOf({
      ...(effort === undefined ? {} : { effort }),
      ...(maxOutput === undefined ? {} : { maxOutputTokens: maxOutput })
    })
    const taken = efforts(model)
    return {
      ref: { provider: id, model },
      description: options.description ?? "A model of an OpenAI-compatible API",
      ...(contextWindow === undefined ? {} : { contextWindow }),
      ...(maxOutput === undefined ? {} : { maxOutput }),
      settings: { ...own },
      // Names of OpenAI's models mean the same at gateways. Which efforts other models take is not known.
      ...(taken === undefined ? {} : { efforts: taken }),
      endpoint: endpointOf(baseUrl),
      accepts
    }
  }
  return {
    id,
    models: options.defaultModel === undefined ? [] : [describe(options.defaultModel)],
    preferred: options.defaultModel,
    describe,
    discover: client.models,
    structured: ({ model, output }, forced) =>
      output !== undefined && (forced || (options.structured === true && isAble(model.model))),
    render: (request) => ChatRequest.pieces(settings(request), request),
    stream: (request) =>
      sendJson({
        secret: client.secret,
        body: () => ChatRequest.body(settings(request), request),
        post: (json) => client.post("/chat/completions", json),
        reader: (options) => new ChatResponse(options)
      })
  }
}
