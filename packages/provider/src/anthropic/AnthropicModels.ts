import type { Accepts } from "@parley/domain/FilesManager"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import { provider } from "./AnthropicBlocks.ts"
import * as AnthropicThinking from "./AnthropicThinking.ts"
import type { AnthropicSettings } from "./AnthropicSettings.ts"
import type { ModelLimits } from "../contract/ModelProvider.ts"

const names: ReadonlyArray<readonly [model: string, description: string]> = [
  ["claude-opus-5-5", "Claude Opus 5.5"],
  ["claude-sonnet-5-5", "Claude Sonnet 5.5"],
  ["claude-haiku-5-5", "Claude Haiku 5.5"],
  ["claude-fable-5-2", "Claude Fable 5.2"],
  ["claude-mythos-5-2", "Claude Mythos 5.2"]
]

/** The models that are known without a request to the API. */
export const models: ReadonlyArray<string> = names.map(([model]) => model)

/** The image types that the API supports. */
export const images: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"])

/** The context window that every model has at least, in tokens. A larger window has to be configured. */
const contextWindow = 200_000

const mebibyte = 1024 * 1024

/**
 * The maximum size of a file by its type, in bytes on disk. The API limits an image to 5 MiB of base64, which is a third
 * longer than the file. A PDF is limited by the size of a request, 32 MiB: as base64, 16 MiB take up two thirds of that.
 */
const accepts: Accepts = {
  ...Object.fromEntries([...images].map((type) => [type, (5 * mebibyte * 3) / 4])),
  "application/pdf": 16 * mebibyte
}

/** Describes a model, with the settings that requests to it use. */
export const describe = (
  model: string,
  own: AnthropicSettings,
  limits: ModelLimits = {},
  id: string = provider,
  drops: boolean = false
): ModelInfo => {
  const { effort, maxOutputTokens: maxTokens = own.max_tokens } = limits
  const thinking = effort === undefined ? {} : AnthropicThinking.ofEffort(model, effort, { drops, maxTokens })
  const betas = [...new Set([...(own.betas ?? []), ...(thinking.betas ?? [])])]
  const settings: AnthropicSettings = {
    ...own,
    max_tokens: maxTokens,
    ...thinking,
    ...(betas.length === 0 ? {} : { betas })
  }
  const efforts = AnthropicThinking.efforts(model, maxTokens)
  return {
    ref: { provider: id, model },
    description: names.find(([name]) => name === model)?.[1] ?? "A model of the Anthropic API",
    contextWindow: limits.contextWindow ?? contextWindow,
    maxOutput: settings.max_tokens,
    settings: { ...settings },
    ...(efforts === undefined ? {} : { efforts }),
    accepts
  }
}
