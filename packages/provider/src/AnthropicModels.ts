import type { Accepts } from "@parley/domain/FilesManager"
import type { ModelInfo } from "@parley/domain/ModelsManager"
import { provider } from "./AnthropicBlocks.ts"
import type { AnthropicSettings } from "./AnthropicSettings.ts"
import type { ModelLimits } from "./ModelProvider.ts"

const names: ReadonlyArray<readonly [model: string, description: string]> = [
  ["claude-opus-5-5", "Claude Opus 5.5"],
  ["claude-sonnet-5-5", "Claude Sonnet 5.5"],
  ["claude-haiku-5-5", "Claude Haiku 5.5"],
  ["claude-fable-5-2", "Claude Fable 5.2"],
  ["claude-mythos-5-2", "Claude Mythos 5.2"]
]

/** Models that can be named without asking the API. */
export const models: ReadonlyArray<string> = names.map(([model]) => model)

/** The image types that the API knows. */
export const images: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"])

/** Every model has at least so many tokens; a larger window has to be configured. */
const contextWindow = 200_000

const mebibyte = 1024 * 1024

/**
 * Bytes of a file as it is on the disk. The API counts an image as base64, which is a third longer, and takes 5 MiB of it.
 * A PDF is bounded by what a request may have, 32 MiB: as base64 this one takes two thirds of that.
 */
const accepts: Accepts = {
  ...Object.fromEntries([...images].map((type) => [type, (5 * mebibyte * 3) / 4])),
  "application/pdf": 16 * mebibyte
}

/** What is known of a model, and what is said to it with these settings. */
export const describe = (model: string, own: AnthropicSettings, limits: ModelLimits = {}): ModelInfo => {
  const settings = limits.maxOutputTokens === undefined ? own : { ...own, max_tokens: limits.maxOutputTokens }
  return {
    ref: { provider, model },
    description: names.find(([name]) => name === model)?.[1] ?? "A model of the Anthropic API",
    contextWindow: limits.contextWindow ?? contextWindow,
    maxOutput: settings.max_tokens,
    settings: { ...settings },
    accepts
  }
}
