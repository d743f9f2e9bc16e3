import * as Schema from "effect/Schema"
import { BaseUrl, common, type ProviderOptions } from "../contract/ProviderOptions.ts"
import type { ProviderType, Variables } from "../contract/ProviderType.ts"
import type { OpenAiChatOptions } from "./OpenAiChat.ts"

const Options = Schema.Struct(common)
const Addressed = Schema.Struct({ ...common, baseUrl: BaseUrl })

interface Server {
  readonly type: string
  /** Absent if the user must configure it. */
  readonly baseUrl?: string
  readonly variables?: Variables
  readonly needsKey?: boolean
  readonly description: string
  readonly quirks?: Pick<OpenAiChatOptions, "keyHeader" | "limitName" | "root" | "structured">
}

/** A kind of server that is reached through Chat Completions. */
const server = ({
  baseUrl,
  description,
  needsKey = false,
  quirks = {},
  type,
  variables = {}
}: Server): ProviderType => ({
  type,
  options: baseUrl === undefined ? Addressed : Options,
  variables,
  isUsable: (options: ProviderOptions) =>
    (baseUrl !== undefined || options.baseUrl !== undefined) && (!needsKey || options.apiKey !== undefined),
  load: () =>
    import("./OpenAiChat.ts").then(({ make }) => (id, options, http) => {
      const { apiKey, headers, maxOutputTokens, model } = options
      return make({
        id,
        baseUrl: options.baseUrl ?? baseUrl ?? "",
        apiKey,
        headers,
        http,
        defaultModel: model,
        maxOutputTokens,
        description,
        ...quirks
      })
    })
})

/**
 * The address in `OLLAMA_HOST`, which Ollama's own programs read: a host, a port, both, or an address. A server that listens
 * on all interfaces is reached through the loopback interface.
 */
export const ollamaBase = (value: string): string | undefined => {
  const address = /^https?:\/\//i.test(value) ? value : `http://${value.startsWith(":") ? "127.0.0.1" : ""}${value}`
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  const host = url.hostname === "0.0.0.0" || url.hostname === "[::]" ? "127.0.0.1" : url.hostname
  const isBare = !/^https?:\/\//i.test(value)
  const port = url.port === "" && isBare ? "11434" : url.port
  return `${url.protocol}//${host}${port === "" ? "" : `:${port}`}${url.pathname.replace(/\/+$/, "")}`
}

/** Servers on this machine need no key and no configuration. Their ports are the defaults of these programs. */
export const servers: ReadonlyArray<ProviderType> = [
  server({
    type: "openrouter",
    baseUrl: "https://openrouter.ai/api/v1",
    variables: { apiKey: "OPENROUTER_API_KEY" },
    needsKey: true,
    description: "A model at OpenRouter"
  }),
  server({
    type: "groq",
    baseUrl: "https://api.groq.com/openai/v1",
    variables: { apiKey: "GROQ_API_KEY" },
    needsKey: true,
    description: "A model at Groq",
    quirks: { limitName: "max_completion_tokens" }
  }),
  server({
    type: "azure",
    needsKey: true,
    description: "A deployment at Azure",
    quirks: { keyHeader: "api-key", limitName: "max_completion_tokens", root: "/openai/v1", structured: true }
  }),
  server({
    type: "ollama",
    baseUrl: "http://127.0.0.1:11434/v1",
    variables: { host: { name: "OLLAMA_HOST", baseUrlOf: ollamaBase } },
    description: "A model of the local Ollama server"
  }),
  server({
    type: "lmstudio",
    baseUrl: "http://127.0.0.1:1234/v1",
    description: "A model of the local LM Studio server"
  }),
  server({ type: "vllm", baseUrl: "http://127.0.0.1:8000/v1", description: "A model of the local vLLM server" }),
  // llama-server listened on 8080 in older versions.
  server({
    type: "llamacpp",
    baseUrl: "http://127.0.0.1:9931/v1",
    description: "A model of the local llama.cpp server"
  }),
  server({ type: "openai-compatible", description: "A model of an OpenAI-compatible API" })
]

const chat = server({
  type: "openai",
  baseUrl: "https://api.openai.com/v1",
  needsKey: true,
  description: "A model of the OpenAI API",
  quirks: { limitName: "max_completion_tokens" }
})

const OpenAiOptions = Schema.Struct({
  ...common,
  /** Default: `responses` for OpenAI itself, `chat` for other addresses, which rarely have the Responses API. */
  api: Schema.optionalKey(Schema.Literals(["responses", "chat"])),
  /** Whether to ask for a summary of the reasoning when an effort is set. Default: true. */
  reasoningSummary: Schema.optionalKey(Schema.Boolean)
})

const isOpenAi = (url: string): boolean => /^https:\/\/([\w-]+\.)?api\.openai\.com(?:[:/]|$)/i.test(url)

/** OpenAI itself, through the Responses API. */
export const openai: ProviderType<typeof OpenAiOptions.Type> = {
  type: "openai",
  options: OpenAiOptions,
  variables: { apiKey: "OPENAI_API_KEY", baseUrl: "OPENAI_BASE_URL" },
  isUsable: ({ apiKey }) => apiKey !== undefined,
  load: () =>
    Promise.all([chat.load(), import("./OpenAi.ts")]).then(([makeChat, { make }]) => (id, options, http) => {
      const { api, apiKey, baseUrl, headers, maxOutputTokens, model, reasoningSummary } = options
      return (api ?? (baseUrl === undefined || isOpenAi(baseUrl) ? "responses" : "chat")) === "chat"
        ? makeChat(id, options, http)
        : make({ id, apiKey, baseUrl, headers, http, defaultModel: model, maxOutputTokens, reasoningSummary })
    })
}
