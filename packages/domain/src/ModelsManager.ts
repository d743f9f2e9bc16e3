import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { textOf } from "./Content.ts"
import { Accepts } from "./FilesManager.ts"
import { Message } from "./Message.ts"
import type { ModelError } from "./ModelError.ts"
import { ModelRef } from "./ModelRef.ts"
import { type Piece, RequestSettings } from "./RequestSize.ts"
import type { ProviderChunk } from "./ProviderChunk.ts"
import { ToolDefinition } from "./Tool.ts"
import { Price, zero } from "./Usage.ts"

/** What is sent to a model, in no provider's format. */
export const ModelRequest = Schema.Struct({
  model: ModelRef,
  system: Schema.String,
  tools: Schema.Array(ToolDefinition),
  messages: Schema.Array(Message),
  /** The provider's own, as `ModelInfo.settings` had them when the turn began; without them its present ones count. */
  settings: Schema.optionalKey(RequestSettings)
})
export type ModelRequest = typeof ModelRequest.Type

export const ModelInfo = Schema.Struct({
  ref: ModelRef,
  /** One line for a person. */
  description: Schema.String,
  /** Tokens. */
  contextWindow: Schema.optionalKey(Schema.Int),
  maxOutput: Schema.optionalKey(Schema.Int),
  price: Schema.optionalKey(Price),
  /** Where the provider is asked, without anything secret: thinking goes back only to where it came from. */
  endpoint: Schema.optionalKey(Schema.String),
  /** What the provider will say beside the conversation. */
  settings: Schema.optionalKey(RequestSettings),
  /** Images and documents it takes. */
  accepts: Schema.optionalKey(Accepts)
})
export type ModelInfo = typeof ModelInfo.Type

export class ModelsManager extends Context.Service<
  ModelsManager,
  {
    /** The models that can be named, as far as their providers tell without being asked over the network. */
    readonly models: Effect.Effect<ReadonlyArray<ModelInfo>>
    /** The model to use when none is named. */
    readonly preferred: Effect.Effect<ModelRef, ModelError>
    /** What is known of one model; fails when its provider is not configured. */
    readonly describe: (ref: ModelRef) => Effect.Effect<ModelInfo, ModelError>
    /**
     * One request, sent once: nothing here retries. Emits one array per network read, `Finish` last; interrupting it
     * closes the connection.
     */
    readonly stream: (request: ModelRequest) => Stream.Stream<ProviderChunk, ModelError>
    /** Asks the provider how many tokens the request has. Absent, or undefined, where it cannot be asked. */
    readonly count?: (request: ModelRequest) => Effect.Effect<number | undefined, ModelError>
    /** The body that `stream` sends for the request, in its pieces. Absent, or undefined, where there is no body. */
    readonly render?: (request: ModelRequest) => Effect.Effect<ReadonlyArray<Piece> | undefined, ModelError>
  }
>()("@parley/domain/ModelsManager") {
  /** One model, `memory/echo`, that answers with the last text it was sent. */
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
