import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { textOf } from "./Content.ts"
import { Effort } from "./Effort.ts"
import { Accepts } from "./FilesManager.ts"
import { Message } from "./Message.ts"
import type { ModelError } from "./ModelError.ts"
import { ModelRef } from "./ModelRef.ts"
import { OutputSchema } from "./OutputSchema.ts"
import { type Piece, RequestSettings } from "./RequestSize.ts"
import type { ProviderChunk } from "./ProviderChunk.ts"
import { ToolDefinition } from "./Tool.ts"
import { Price, zero } from "./Usage.ts"

/**
 * A request to a model, in a provider-neutral form.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ModelRequest = Schema.Struct({
  model: ModelRef,
  system: Schema.String,
  tools: Schema.Array(ToolDefinition),
  messages: Schema.Array(Message),
  /**
   * The provider's settings, copied from `ModelInfo.settings` when the turn began. Default: the provider's current
   * settings.
   */
  settings: Schema.optionalKey(RequestSettings),
  /** The JSON Schema of the response, whose root is an object. Set only if `ModelsManager.structured` agreed to it. */
  output: Schema.optionalKey(OutputSchema)
})
export type ModelRequest = typeof ModelRequest.Type

/**
 * A model as its provider and the configuration describe it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ModelInfo = Schema.Struct({
  ref: ModelRef,
  /** One line of text for people. */
  description: Schema.String,
  /**
   * Size of the context window in tokens, including the response. Absent if unknown; requests are then not limited in
   * size.
   */
  contextWindow: Schema.optionalKey(Schema.Int),
  /** Tokens of the longest response. */
  maxOutput: Schema.optionalKey(Schema.Int),
  /** Absent if the price is not known: neither the user nor the provider nor the catalogue has one. */
  price: Schema.optionalKey(Price),
  /** The date of the price list that `price` is from, `YYYY-MM-DD`. Absent if it is not from the catalogue. */
  priceDate: Schema.optionalKey(Schema.String),
  /** The address of the provider, without secrets. Thinking is sent back only to the endpoint that produced it. */
  endpoint: Schema.optionalKey(Schema.String),
  /** What the provider adds to each request besides the conversation, such as the length of the longest response. */
  settings: Schema.optionalKey(RequestSettings),
  /** The efforts that can be asked of the model; empty if none can. Absent if unknown: any is then passed on. */
  efforts: Effort.pipe(Schema.Array, Schema.optionalKey),
  /** Media types that the model accepts besides text. Absent if it accepts only text. */
  accepts: Schema.optionalKey(Accepts)
})
export type ModelInfo = typeof ModelInfo.Type

/**
 * Connects the engine to model providers. An implementation translates requests and streams; it does not retry, store
 * anything or know sessions.
 *
 * @since 0.1.0
 * @category services
 */
export class ModelsManager extends Context.Service<
  ModelsManager,
  {
    /** The models that can be selected, as far as they are known without a network request. */
    readonly models: Effect.Effect<ReadonlyArray<ModelInfo>>
    /** The model to use if a message does not name one. Fails if no model is configured. */
    readonly preferred: Effect.Effect<ModelRef, ModelError>
    /**
     * Describes one model, without a network request. `effort` is asked of it instead of the configured one; a fallback model
     * gets the nearest level that it takes. Fails with reason `UnknownModel` if its provider is not configured, and with
     * `Unsupported` if the model does not take the effort.
     */
    readonly describe: (ref: ModelRef, effort?: Effort) => Effect.Effect<ModelInfo, ModelError>
    /**
     * Sends one request once, without retries. Emits the chunks of the response, one array per network read, and `Finish`
     * as the last chunk. Fails with `ModelError`. Interruption closes the connection.
     */
    readonly stream: (request: ModelRequest) => Stream.Stream<ProviderChunk, ModelError>
    /** Asks the provider for the request's size in tokens. Absent, or `undefined`, if the provider does not support this. */
    readonly count?: (request: ModelRequest) => Effect.Effect<number | undefined, ModelError>
    /**
     * Whether the provider itself holds the response to the request's `output`, with the request's tools. Absent: it never
     * does. If it does not, the engine offers the model a tool for its answer instead. Sends no request.
     */
    readonly structured?: (request: ModelRequest) => Effect.Effect<boolean, ModelError>
    /** The body that `stream` would send for the request, in pieces. Absent, or `undefined`, if there is no such body. */
    readonly render?: (request: ModelRequest) => Effect.Effect<ReadonlyArray<Piece> | undefined, ModelError>
  }
>()("@parley/domain/ModelsManager") {
  /** One model, `memory/echo`, that responds with the last text it was sent. */
  static readonly layerMemory: Layer.Layer<ModelsManager> = Layer.sync(ModelsManager, () => {
    const info: ModelInfo = {
      ref: { provider: "memory", model: "echo" },
      description: "Answers with the last text it was sent"
    }
    return ModelsManager.of({
      models: Effect.succeed([info]),
      preferred: Effect.succeed(info.ref),
      describe: (ref) => Effect.succeed({ ...info, ref }),
      stream: (request) =>
        Stream.fromArray<ProviderChunk>([
          { _tag: "TextDelta", index: 0, text: textOf(request.messages.at(-1)?.content.slice(-1) ?? []) },
          { _tag: "Finish", stop: "end", usage: zero }
        ])
    })
  })
}
