import type { Effort } from "@parley/domain/Effort"
import type { ModelError } from "@parley/domain/ModelError"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import type { Piece } from "@parley/domain/RequestSize"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

/**
 * A model's limits and its effort, as the user configures them. Limits are in tokens and take precedence over the provider's.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelLimits {
  readonly contextWindow?: number
  /** The output limit that requests contain. */
  readonly maxOutputTokens?: number
  /** How much the model is asked to think. Default: the provider decides. */
  readonly effort?: Effort
  /**
   * How the model is asked for an answer that follows a schema: by the provider's own means (`native`), or by a tool that
   * the model calls. Default: `native` where it is known to work together with tools.
   */
  readonly structuredOutput?: "native" | "tool"
}

/**
 * A model that a server lists, with its limits in tokens if the server reports them.
 *
 * @since 0.1.0
 * @category models
 */
export interface DiscoveredModel {
  /** The name without the provider. */
  readonly name: string
  readonly contextWindow?: number
  readonly maxOutputTokens?: number
}

/**
 * One source of models. `Registry.layer` combines several into a `ModelsManager`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelProvider {
  /** The part of `PROVIDER/MODEL` before the slash. */
  readonly id: string
  /** The models that are known without a network request. Others may exist: any model name is passed on. */
  readonly models: ReadonlyArray<ModelInfo>
  /** The name of the model to use when none is selected, without the provider. Absent if its models are not known. */
  readonly preferred?: string | undefined
  /**
   * Describes a model. Never fails: a model that is not among `models` is described as far as possible. A request that
   * contains the `settings` of the description is sent with them.
   */
  readonly describe: (model: string, limits?: ModelLimits) => ModelInfo
  /**
   * Sends one request once, without retries. Emits one array per network read, and exactly one `Finish`, last. Chunks that
   * arrived before a failure are emitted before it. Interrupting the stream closes the connection.
   */
  readonly stream: (request: ModelRequest) => Stream.Stream<ProviderChunk, ModelError>
  /** The number of tokens that the provider counts in the request; undefined if it cannot count or does not respond soon. */
  readonly count?: (request: ModelRequest) => Effect.Effect<number | undefined>
  /** Asks the server for its models. Absent if it is not asked. */
  readonly discover?: Effect.Effect<ReadonlyArray<DiscoveredModel>, ModelError>
  /**
   * Whether the provider itself holds the response to the request's `output`. `forced`: the user says that the model is
   * able to; the provider then only decides whether it can express the schema. Absent: it never does.
   */
  readonly structured?: (request: ModelRequest, forced: boolean) => boolean
  /** The pieces of the body that `stream` sends. */
  readonly render?: (request: ModelRequest) => ReadonlyArray<Piece>
}
