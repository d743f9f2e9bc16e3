import { format, ModelRef, parse } from "@parley/domain/ModelRef"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** Matches the texts that `ModelRef.parse` accepts. */
export const modelNamePattern = /^[^/]+\/[^]+$/

const expected = 'a model, "provider/model"'

/** A `ModelRef`, written `provider/model`. */
export const ModelName = Schema.String.pipe(
  Schema.decodeTo(
    ModelRef,
    SchemaTransformation.transformEffect({
      decode: (text: string) =>
        Effect.mapError(Effect.fromOption(parse(text)), () => new SchemaIssue.InvalidValue({ message: expected })),
      encode: (model: ModelRef) => Effect.succeed(format(model))
    })
  )
)

/** A list of models, of which the first is preferred. One model may be written without a list. */
export const ModelNames = Schema.Union([ModelName, Schema.NonEmptyArray(ModelName)]).annotate({
  expected: `${expected}, or a list of models`
})
