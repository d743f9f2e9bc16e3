import { ModelError, type ModelErrorReason } from "@parley/domain/ModelError"
import type { ModelInfo, ModelRequest } from "@parley/domain/ModelsManager"
import { ModelsManager } from "@parley/domain/ModelsManager"
import type { ModelRef } from "@parley/domain/ModelRef"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"

/**
 * One response of the model: the stream that it returns for one request.
 *
 * @since 0.1.0
 * @category models
 */
export type Turn = Stream.Stream<ProviderChunk, ModelError>

/**
 * The requests that the model received, in order.
 *
 * @since 0.1.0
 * @category services
 */
export class Requests extends Context.Service<Requests, Ref.Ref<ReadonlyArray<ModelRequest>>>()(
  "@parley/testing/scripted/ScriptedModel/Requests"
) {
  static readonly all: Effect.Effect<ReadonlyArray<ModelRequest>, never, Requests> = Effect.flatMap(Requests, Ref.get)
}

/**
 * The name of the scripted model.
 *
 * @since 0.1.0
 * @category constants
 */
export const ref: ModelRef = { provider: "scripted", model: "scripted" }

/**
 * Each argument is one network read; the reads are one scheduler step apart.
 *
 * @since 0.1.0
 * @category functions
 */
export const turn = (...reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>): Turn =>
  Stream.fromIterable(reads).pipe(
    Stream.rechunk(1),
    Stream.tap(() => Effect.yieldNow),
    Stream.flatMap((chunks) => Stream.fromArray(chunks))
  )

/**
 * A turn that emits `reads` and then fails.
 *
 * @since 0.1.0
 * @category functions
 */
export const failing = (reason: ModelErrorReason, ...reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>): Turn =>
  Stream.concat(turn(...reads), Stream.fail(new ModelError({ reason })))

/**
 * A turn that emits `reads` and then stalls.
 *
 * @since 0.1.0
 * @category functions
 */
export const hanging = (...reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>): Turn =>
  Stream.concat(turn(...reads), Stream.never)

/**
 * A model that plays one turn per request, in order. A request beyond the last scripted turn dies with a defect.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  turns: ReadonlyArray<Turn>,
  info: Partial<ModelInfo> = {},
  /** Whether the model's provider holds responses to a schema. Default: it does not say. */
  structured?: (request: ModelRequest) => boolean
): Layer.Layer<ModelsManager | Requests> =>
  Layer.effect(
    ModelsManager,
    Effect.gen(function* () {
      const requests = yield* Requests
      const model: ModelInfo = { ref, description: "Plays a script", ...info }
      return ModelsManager.of({
        models: Effect.succeed([model]),
        preferred: Effect.succeed(model.ref),
        describe: (named) => Effect.succeed({ ...model, ref: named }),
        ...(structured === undefined
          ? {}
          : { structured: (request: ModelRequest) => Effect.succeed(structured(request)) }),
        stream: (request) =>
          Ref.getAndUpdate(requests, (seen) => [...seen, request]).pipe(
            Effect.map((seen) => turns[seen.length] ?? Stream.die(`No scripted turn ${seen.length + 1}`)),
            Stream.unwrap
          )
      })
    })
  ).pipe(Layer.provideMerge(Layer.effect(Requests, Ref.make<ReadonlyArray<ModelRequest>>([]))))
