import type { ModelInfo } from "@parley/domain/ModelsManager"
import * as Stream from "effect/Stream"
import type * as AiModel from "effect/ai/LanguageModel"
import type { ModelLimits, ModelProvider } from "../contract/ModelProvider.ts"
import { broken, fromAiError } from "./AiFailure.ts"
import { promptOf, toolkitOf } from "./AiPrompt.ts"
import { PartReader } from "./AiResponse.ts"

/**
 * A model of `effect/ai`, and what is known of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface LanguageModelOptions {
  /** The provider's id: the part of `PROVIDER/MODEL` before the slash. */
  readonly id: string
  /** The name of the model: the part after the slash. */
  readonly name: string
  /** The model: what `LanguageModel.LanguageModel` yields where a layer of an `effect/ai` provider is provided. */
  readonly model: AiModel.LanguageModel
  /** What is known of the model: its window, price, accepted media types and endpoint. */
  readonly info?: Omit<ModelInfo, "ref" | "description"> & { readonly description?: string }
}

/**
 * A model of `effect/ai` as a provider. The engine runs the tools: the model's own resolution of tool calls is off. Its errors
 * are mapped to `ModelError`, so the engine's retries and recovery apply; a retry policy of the model's own should be off.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ id, info = {}, model, name }: LanguageModelOptions): ModelProvider => {
  const describe = (of: string, { contextWindow, maxOutputTokens }: ModelLimits = {}): ModelInfo => ({
    description: "a model of effect/ai",
    ...info,
    ref: { provider: id, model: of },
    // The interface of these models has no effort; their own configuration sets it.
    efforts: [],
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(maxOutputTokens === undefined ? {} : { maxOutput: maxOutputTokens })
  })

  return {
    id,
    models: [describe(name)],
    preferred: name,
    describe,
    stream: (request) =>
      Stream.suspend(() => {
        const reader = new PartReader(id)
        return model
          .streamText({
            prompt: promptOf(id, request),
            toolkit: toolkitOf(request.tools),
            disableToolCallResolution: true,
            toolCallValidation: "deferred"
          })
          .pipe(
            Stream.mapError((error) => (error._tag === "AiError" ? fromAiError(error) : broken(error.message))),
            Stream.chunks,
            Stream.flatMap((parts) => reader.readAll(parts))
          )
      })
  }
}
