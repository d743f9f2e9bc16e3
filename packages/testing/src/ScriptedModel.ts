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

/** One answer of the model: the stream it gives to one request. */
export type Turn = Stream.Stream<ProviderChunk, ModelError>

/** What the model was asked, in order. */
export class Requests extends Context.Service<Requests, Ref.Ref<ReadonlyArray<ModelRequest>>>()(
  "@parley/testing/ScriptedModel/Requests"
) {
  static readonly all: Effect.Effect<ReadonlyArray<ModelRequest>, never, Requests> = Effect.flatMap(Requests, Ref.get)
}

export const ref: ModelRef = { provider: "scripted", model: "scripted" }

/** Each argument is one network read; the reads are one scheduler step apart. */
export const turn = (...reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>): Turn =>
  Stream.fromIterable(reads).pipe(
    Stream.rechunk(1),
    Stream.tap(() => Effect.yieldNow),
    Stream.flatMap((chunks) => Stream.fromArray(chunks))
  )

/** A turn that gives `reads` and then breaks. */
export const failing = (reason: ModelErrorReason, ...reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>): Turn =>
  Stream.concat(turn(...reads), Stream.fail(new ModelError({ reason })))

/** A turn that gives `reads` and then never says anything again. */
export const hanging = (...reads: ReadonlyArray<ReadonlyArray<ProviderChunk>>): Turn =>
  Stream.concat(turn(...reads), Stream.never)

/** A model that plays one turn per request, in order. Asking for more turns than were scripted is a defect of the test. */
export const layer = (
  turns: ReadonlyArray<Turn>,
  info: Partial<ModelInfo> = {}
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
        stream: (request) =>
          Ref.getAndUpdate(requests, (seen) => [...seen, request]).pipe(
            Effect.map((seen) => turns[seen.length] ?? Stream.die(`No scripted turn ${seen.length + 1}`)),
            Stream.unwrap
          )
      })
    })
  ).pipe(Layer.provideMerge(Layer.effect(Requests, Ref.make<ReadonlyArray<ModelRequest>>([]))))
