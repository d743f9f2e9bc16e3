import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigError, ContextUnavailable } from "./Errors.ts"
import { empty, type SystemPrompt } from "./SystemPrompt.ts"

/**
 * Provides the system prompt that the user or the application configured. The engine reads it for every round, so changes
 * take effect with the next round.
 *
 * @since 0.1.0
 * @category services
 */
export class PromptManager extends Context.Service<
  PromptManager,
  {
    /**
     * The prompt with its current configuration. Evaluated whenever context is built. Fails with `ConfigError` if a
     * configuration file cannot be used, and with `ContextUnavailable` for any other reason; the round then fails with that
     * error.
     */
    readonly prompt: Effect.Effect<SystemPrompt, ConfigError | ContextUnavailable>
  }
>()("@parley/domain/PromptManager") {
  /** Always provides this prompt. Parts that are not given are empty. */
  static readonly layerMemory = (prompt: Partial<SystemPrompt> = {}): Layer.Layer<PromptManager> =>
    Layer.succeed(PromptManager, { prompt: Effect.succeed({ ...empty, ...prompt }) })
}
