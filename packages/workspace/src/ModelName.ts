import { format, ModelRef, parse } from "@parley/domain/ModelRef"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** What `ModelRef.parse` accepts. */
export const modelNamePattern = /^[^/]+\/[^]+$/

const expected = 'a model, "provider/model"'

/** A `ModelRef`, written `provider/model`. */
export const ModelName = Schema.String.pipe(
  Schema.decodeTo(
    ModelRef,
    SchemaTransformation.transformOrFail({
      decode: (text: string) =>
        Option.match(parse(text), {
          onNone: () => Effect.fail(new SchemaIssue.InvalidValue({ message: expected })),
          onSome: (model) => Effect.succeed(model)
        }),
      encode: (model) => Effect.succeed(format(model))
    })
  )
)
