import type { ModelError } from "@parley/domain/ModelError"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { Piece } from "@parley/domain/RequestSize"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

/** What the user states of a model, in tokens. It stands above what a provider says. */
export interface ModelLimits {
  readonly contextWindow?: number
  /** The longest answer that is asked for. */
  readonly maxOutputTokens?: number
}

/** One source of models. `Registry.layer` makes a `ModelsManager` of several. */
export interface ModelProvider {
  /** The part of `PROVIDER/MODEL` before the slash. */
  readonly id: string
  /** The models it can name without asking over the network. Others may exist: any model name is passed on. */
  readonly models: ReadonlyArray<ModelInfo>
  /** The model's own name, used when no model is named. */
  readonly preferred: string
  /** Total: a name that is not among `models` is described as far as is possible. Requests that bring the `settings` it has are sent with them. */
  readonly describe: (model: string, limits?: ModelLimits) => ModelInfo
  /**
   * One request, sent once: nothing here retries. Emits one array per network read and exactly one `Finish`, last; what
   * arrived before a failure is emitted before it. Interrupting the stream closes the connection.
   */
  readonly stream: (request: ModelRequest) => Stream.Stream<ProviderChunk, ModelError>
  /** How many tokens the provider counts in the request; undefined where it cannot be asked or does not answer soon. */
  readonly count?: (request: ModelRequest) => Effect.Effect<number | undefined>
  /** The body that `stream` sends, in its pieces. */
  readonly render?: (request: ModelRequest) => ReadonlyArray<Piece>
}
