import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigError } from "./Errors.ts"
import { empty, type SystemPrompt } from "./SystemPrompt.ts"

export class PromptManager extends Context.Service<
  PromptManager,
  {
    /** The prompt as it is configured now. */
    readonly prompt: Effect.Effect<SystemPrompt, ConfigError>
  }
>()("@parley/domain/PromptManager") {
  static readonly layerMemory = (prompt: Partial<SystemPrompt> = {}): Layer.Layer<PromptManager> =>
    Layer.succeed(PromptManager, { prompt: Effect.succeed({ ...empty, ...prompt }) })
}
